import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface Sent {
  readonly Entries: readonly { readonly Id: string; readonly MessageBody: string }[];
}
interface Answered {
  readonly Successful?: readonly { readonly Id: string }[];
}

/**
 * Before a server that loses with its process what it has answered to have stored (ElasticMQ, its storage of messages too): keeps
 * the bodies of what it has answered so, in that order. What the server has not answered for is not here.
 */
export class SqsJournal {
  readonly bodies: string[] = [];
  readonly #server: Server;

  constructor(endpoint: string) {
    this.#server = createServer(async (request, response) => {
      try {
        const body = await buffer(request);
        const { 'content-length': _, connection: __, ...headers } = request.headers as Record<string, string>;
        const answer = await fetch(endpoint + request.url, { method: 'POST', headers, body });
        const text = await answer.text();
        if (answer.ok && headers['x-amz-target'] === 'AmazonSQS.SendMessageBatch') this.#keep(String(body), text);
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(text);
      } catch {
        request.socket.destroy(); // the server is away
      }
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(sent: string, answered: string): void {
    const bodies = new Map((JSON.parse(sent) as Sent).Entries.map(({ Id, MessageBody }) => [Id, MessageBody]));
    for (const { Id } of (JSON.parse(answered) as Answered).Successful ?? []) this.bodies.push(bodies.get(Id) ?? '');
  }
}
