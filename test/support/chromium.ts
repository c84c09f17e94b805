import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess, temporaryFolder } from './servers/process.ts';
import { until } from './until.ts';

/** Debian's; tools/servers/build.mjs installs it. */
const FILE = '/usr/bin/chromium';

/** A headless Chromium with a profile of its own that can reach this machine alone; driven over the DevTools protocol. */
export class Chromium {
  readonly #folder = temporaryFolder('chromium');
  readonly #process = new ServerProcess('chromium', this.#folder);
  #port = 0;

  static async start(): Promise<Chromium> {
    const chromium = new Chromium();
    await chromium.#start();
    return chromium;
  }

  async #start(): Promise<void> {
    this.#process.start(FILE, [
      '--headless=new',
      // the tests may run as root, for whom it has no sandbox
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--no-default-browser-check',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      '--remote-debugging-address=127.0.0.1',
      '--remote-debugging-port=0',
      `--user-data-dir=${join(this.#folder, 'profile')}`,
      'about:blank',
    ]);
    await this.#process.ready(async () => {
      this.#port = Number(readFileSync(join(this.#folder, 'profile', 'DevToolsActivePort'), 'utf8').split('\n')[0]);
      return (await fetch(`http://127.0.0.1:${this.#port}/json/version`)).ok;
    });
  }

  async open(): Promise<Page> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/json/new?about:blank`, { method: 'PUT' });
    const { webSocketDebuggerUrl } = (await answer.json()) as { webSocketDebuggerUrl: string };
    return await Page.connect(webSocketDebuggerUrl);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/** Keys by which the tests operate a page, with what the protocol wants to know of them. */
const KEYS = {
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
} as const;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A tab. */
export class Page {
  /** Addresses that it asked for. */
  readonly requests: string[] = [];
  /** What the console shows as error or warning, exceptions included. */
  readonly complaints: string[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', (e) => this.#take(JSON.parse(String(e.data)) as Message));
  }

  static async connect(url: string): Promise<Page> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error(`no connection to ${url}`)), { once: true });
    });
    const page = new Page(socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Performance', 'Accessibility'])
      await page.send(`${domain}.enable`);
    return page;
  }

  #take({ id, method, params = {}, ...message }: Message): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
    } else if (method === 'Network.requestWillBeSent') this.requests.push((params.request as { url: string }).url);
    else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
      this.complaints.push(JSON.stringify(params));
    else if (method === 'Runtime.consoleAPICalled' && params.type !== 'log')
      this.complaints.push(JSON.stringify(params.args));
  }

  async send<T = Record<string, unknown>>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#last;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  async go(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
  }

  /** @param expression of JavaScript; its value has to be of JSON */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send<{ result: { value: T }; exceptionDetails?: unknown }>('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    if (answer.exceptionDetails !== undefined) throw new Error(JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  }

  /** Waits until the expression is true. */
  async shows(expression: string, seconds = 30): Promise<void> {
    await until(`the page shows ${expression}`, () => this.evaluate<boolean>(`!!(${expression})`), seconds);
  }

  async press(key: keyof typeof KEYS, { shift = false } = {}): Promise<void> {
    const event = { key, modifiers: shift ? 8 : 0, ...KEYS[key] };
    await this.send('Input.dispatchKeyEvent', { type: 'text' in event ? 'keyDown' : 'rawKeyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp', text: undefined });
  }

  async type(text: string): Promise<void> {
    for (const key of text) {
      await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, text: key });
      await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key });
    }
  }

  async look(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  /** @returns a PNG */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send<{ data: string }>('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  close(): void {
    this.#socket.close();
  }
}
