import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before a real server, with the faults that a network has. Listens on 127.0.0.1. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;
  /** Of those, the ones towards the server. */
  readonly #upstreams = new Set<Socket>();
  #blackhole = false;
  #refuse = false;
  /** Milliseconds that what the server says is on its way, and what the client says. */
  #delays = { answers: 0, requests: 0 };
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
      this.#upstreams.add(upstream);
      upstream.on('close', () => this.#upstreams.delete(upstream));
      this.#pass(client, upstream, 'requests');
      this.#pass(upstream, client, 'answers');
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

  /** What the server says on the open connections is not read until they are healed: it waits in the server at last. */
  stall(): void {
    for (const upstream of this.#upstreams) upstream.pause();
  }

  /** From now on everything takes so long to arrive, in its order. */
  delay(milliseconds: number, what: 'answers' | 'requests' = 'answers'): void {
    this.#delays[what] = milliseconds;
  }

  /** New connections work again, and what was stalled is read; those that carry nothing stay as they are. */
  heal(): void {
    for (const upstream of this.#upstreams) if (upstream.listenerCount('data') > 0) upstream.resume();
    this.#blackhole = false;
    this.#refuse = false;
    this.#delays = { answers: 0, requests: 0 };
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

  #pass(from: Socket, to: Socket, what: 'answers' | 'requests'): void {
    this.#sockets.add(from);
    const late: (Buffer | string)[] = [];
    from.on('data', (chunk) => {
      if (this.#blackhole) return;
      const delay = this.#delays[what];
      if (delay === 0 && late.length === 0) {
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => from.resume());
        return;
      }
      late.push(chunk);
      setTimeout(() => to.write(late.shift() ?? ''), delay);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!this.#blackhole) to.destroy();
    });
  }
}
