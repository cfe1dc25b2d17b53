// A bare connection to a language server on standard streams, for measurements: no library between the clock and the server.
// It answers the server's own requests with nothing, so that no server waits for it.

/** Messages to and from one server process; `end` kills the process. */
export class LspConnection {
  #waiting = new Set();
  #chunks = [];
  /** Bytes that are there, and bytes that the next step needs. */
  #there = 0;
  #needed = 0;
  #lastId = 0;

  constructor(process) {
    this.process = process;
    process.stdout.on('data', (chunk) => this.#receive(chunk));
    this.ended = new Promise((resolve) => process.once('close', resolve));
    void this.ended.then(() => this.#failAll());
  }

  /** Resolves to the whole response. */
  request(method, params) {
    const id = ++this.#lastId;
    const answered = this.#next((message) => message.id === id && message.method === undefined);
    this.#send({ id, method, params });
    return answered;
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  /** Resolves when diagnostics of this version are published that are wanted; a server that names no version is believed. */
  diagnostics(uri, version, isWanted = () => true) {
    return this.#next(
      ({ method, params }) =>
        method === 'textDocument/publishDiagnostics' &&
        params.uri === uri &&
        (params.version ?? version) === version &&
        isWanted({ params }),
    );
  }

  /** Resolves to the next notification with this name. */
  notified(name) {
    return this.#next(({ id, method }) => id === undefined && method === name);
  }

  end() {
    this.process.kill('SIGKILL');
    return this.ended;
  }

  #next(isWanted) {
    return new Promise((resolve, reject) => this.#waiting.add({ isWanted, resolve, reject }));
  }

  #failAll() {
    for (const { reject } of this.#waiting) reject(new Error('The language server ended before it answered'));
  }

  #send(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #receive(chunk) {
    this.#chunks.push(chunk);
    this.#there += chunk.length;
    if (this.#there < this.#needed) return;
    let received = Buffer.concat(this.#chunks);
    for (let message = this.#take(received); message; message = this.#take(received)) {
      received = received.subarray(message.end);
      this.#dispatch(message.value);
    }
    this.#chunks = [received];
    this.#there = received.length;
  }

  #take(received) {
    this.#needed = 0;
    const head = received.indexOf('\r\n\r\n');
    if (head < 0) return undefined;
    const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, head).toString())[1]);
    const end = head + 4 + length;
    this.#needed = end;
    if (received.length < end) return undefined;
    return { value: JSON.parse(received.subarray(head + 4, end).toString()), end };
  }

  #dispatch(message) {
    if (message.id !== undefined && message.method !== undefined) {
      const asked = message.method === 'workspace/configuration' ? message.params.items : undefined;
      this.#send({ id: message.id, result: asked?.map(() => null) ?? null });
      return;
    }
    for (const one of this.#waiting) {
      if (!one.isWanted(message)) continue;
      this.#waiting.delete(one);
      one.resolve(message);
    }
  }
}
