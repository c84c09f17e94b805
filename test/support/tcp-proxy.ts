import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a real server, with the faults that a network has. Listens on 127.0.0.1. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;
  #blackhole = false;
  #refuse = false;
  /** Connections taken so far. */
  connections = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => {
      this.connections++;
      if (this.#refuse) {
        client.resetAndDestroy();
        return;
      }
      const upstream = connect(this.#target, '127.0.0.1');
      this.#pass(client, upstream);
      this.#pass(upstream, client);
    });
  }

  /** Connections of clients that are open. */
  get open(): number {
    return [...this.#sockets].filter((socket) => socket.localPort === this.port).length;
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections lead to this port, as when a Service or a virtual address moves; those that are open stay where they are. */
  retarget(port: number): void {
    this.#target = port;
  }

  /** From now on the connections that are open carry nothing and do not end; with `all`, neither do new ones. */
  blackhole(all = false): void {
    for (const socket of this.#sockets) socket.pause().removeAllListeners('data');
    this.#blackhole = all;
  }

  /** New connections work again; those that were open stay as they are. */
  heal(): void {
    this.#blackhole = false;
    this.#refuse = false;
  }

  /** Resets what is open; with `refuse`, also what comes. */
  reset(refuse = false): void {
    this.#refuse = refuse;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (chunk) => {
      if (!this.#blackhole) to.write(chunk);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!this.#blackhole) to.destroy();
    });
  }
}
