import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

export interface SrvEntry {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** What is known of a name. A type that is not there gets an empty answer, a name that is not there NXDOMAIN. */
export interface DnsEntry {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly SrvEntry[];
}

export type DnsZone = Readonly<Record<string, DnsEntry>>;

type RecordType = keyof DnsEntry;

const TYPES: Readonly<Record<number, RecordType>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const CODES = { noError: 0, serverFailure: 2, noSuchName: 3 } as const;
const HEADER_BYTES = 12;

/** A DNS server (RFC 1035) on a free UDP port of 127.0.0.1 that says what a test wants it to. */
export class DnsServer {
  zone: DnsZone;
  /** Questions of this type, or all, are answered with a failure or not at all. */
  trouble: { readonly kind: 'fails' | 'silent'; readonly type?: RecordType } | null = null;
  /** Every question, in order: `A chat.test`. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  constructor(socket: Socket, zone: DnsZone) {
    this.#socket = socket;
    this.zone = zone;
    socket.on('message', (query, from) => this.#answer(query, from));
  }

  /** As resolvers take it: `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #answer(query: Buffer, { address, port }: RemoteInfo): void {
    const { name, end } = readName(query, HEADER_BYTES);
    const type = TYPES[query.readUInt16BE(end)];
    this.asked.push(`${type ?? query.readUInt16BE(end)} ${name}`);
    const troubled = this.trouble !== null && (this.trouble.type ?? type) === type;
    if (troubled && this.trouble?.kind === 'silent') return;
    const question = query.subarray(HEADER_BYTES, end + 4);
    const entry = this.zone[name.toLowerCase()];
    const code = troubled ? CODES.serverFailure : entry === undefined ? CODES.noSuchName : CODES.noError;
    const answers = code !== CODES.noError || type === undefined ? [] : recordsOf(entry, type);
    const reply = [header(query, code, answers.length), question, ...answers];
    this.#socket.send(Buffer.concat(reply), port, address);
  }
}

export async function startDnsServer(zone: DnsZone = {}): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return new DnsServer(socket, zone);
}

function readName(query: Buffer, at: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let position = at;
  for (let length = query.readUInt8(position); length > 0; length = query.readUInt8(position)) {
    labels.push(query.toString('latin1', position + 1, position + 1 + length));
    position += 1 + length;
  }
  return { name: labels.join('.'), end: position + 1 };
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
}

// RFC 1035 §4.1.1: an authoritative answer, recursion wished for and available.
function header(query: Buffer, code: number, answers: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  query.copy(bytes, 0, 0, 2);
  bytes.writeUInt16BE(0x8580 | code, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

function recordsOf(entry: DnsEntry | undefined, type: RecordType): Buffer[] {
  if (type === 'SRV') return (entry?.SRV ?? []).map((srv) => record(33, srvData(srv)));
  return (entry?.[type] ?? []).map((address) => record(isIPv4(address) ? 1 : 28, addressData(address)));
}

// The name is that of the question, which stands right behind the header (RFC 1035 §4.1.4).
function record(type: number, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  bytes.writeUInt16BE(type, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(data.length, 10);
  return Buffer.concat([bytes, data]);
}

// RFC 2782.
function srvData({ target, port, priority = 0, weight = 0 }: SrvEntry): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(priority, 0);
  bytes.writeUInt16BE(weight, 2);
  bytes.writeUInt16BE(port, 4);
  return Buffer.concat([bytes, writeName(target)]);
}

function addressData(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...(before ?? [])];
  while (groups.length < 8 - (after?.length ?? 0)) groups.push('0');
  groups.push(...(after ?? []));
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, '0'), 'hex')));
}
