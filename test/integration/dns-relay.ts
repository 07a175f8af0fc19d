/**
 * A bad network between a resolver and a real DNS server, on loopback: UDP and TCP on one port, each packet passed on, or treated as
 * the fault says that the test has chosen. It changes bytes, never meanings: what it forges is meant to be refused.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Fault =
  | "none"
  | "lose-question"
  | "lose-answer"
  | "wrong-id"
  | "wrong-case"
  | "wrong-question"
  | "garbage"
  | "truncated"
  | "cut"
  | "duplicated"
  | "delayed"
  | "spoofed-port"
  | "reversed"
  | "tcp-refused"
  | "tcp-cut"
  | "tcp-dribbled"
  | "tcp-silent";

export type Relay = {
  readonly address: string;
  /** The fault of the n-th UDP question from now on, counted from 0; TCP has the fault of `tcp`. */
  set(faults: { udp: (index: number) => Fault; tcp?: Fault }): void;
  readonly counts: { udp: number; tcp: number };
  close(): Promise<void>;
};

export async function dnsRelay(upstreamPort: number): Promise<Relay> {
  const state = { udp: (_index: number): Fault => "none", tcp: "none" as Fault };
  const counts = { udp: 0, tcp: 0 };
  const upstreams = new Set<UdpSocket>();
  const streams = new Set<Socket>();
  const held: (() => void)[] = [];
  const tcp = createServer().listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp4").bind(port, "127.0.0.1");
  await once(udp, "listening");
  const forger = createSocket("udp4");

  udp.on("message", (question: Buffer, client: RemoteInfo) => {
    const fault = state.udp(counts.udp);
    counts.udp += 1;
    if (fault === "lose-question") return;
    const upstream = createSocket("udp4");
    upstreams.add(upstream);
    upstream.on("message", (answer: Buffer) => {
      const send = (bytes: Buffer, from = udp) => from.send(bytes, client.port, client.address);
      misbehave(fault, { answer, send, forger, held });
    });
    upstream.send(question, upstreamPort, "127.0.0.1");
  });
  tcp.on("connection", (client) => {
    counts.tcp += 1;
    const upstream = connect(upstreamPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      streams.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => streams.delete(socket));
    }
    if (state.tcp === "tcp-refused") client.resetAndDestroy();
    client.pipe(upstream);
    upstream.on("data", (bytes) => passStream(state.tcp, { bytes, client }));
    upstream.on("end", () => client.end());
  });
  return {
    address: `127.0.0.1:${port}`,
    set: ({ udp: ofUdp, tcp: ofTcp = "none" }) => {
      Object.assign(state, { udp: ofUdp, tcp: ofTcp });
      Object.assign(counts, { udp: 0, tcp: 0 });
      held.length = 0;
    },
    counts,
    close: async () => {
      for (const socket of upstreams) socket.close();
      for (const socket of streams) socket.destroy();
      forger.close();
      await Promise.all([new Promise<void>((done) => udp.close(done)), new Promise((done) => tcp.close(done))]);
    },
  };
}

const delayMs = 700;
const reversedCount = 8;
const pieceBytes = 1777;

type Passing = {
  readonly answer: Buffer;
  readonly send: (bytes: Buffer, from?: UdpSocket) => void;
  readonly forger: UdpSocket;
  readonly held: (() => void)[];
};

function misbehave(fault: Fault, { answer, send, forger, held }: Passing): void {
  switch (fault) {
    case "lose-answer":
      return;
    case "wrong-id":
      send(changed(answer, (bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(0) ^ 0x5555, 0)));
      break;
    case "wrong-question":
      // One letter of the name becomes another one.
      send(changed(answer, (bytes) => bytes.writeUInt8(bytes.readUInt8(13) ^ 1, 13)));
      break;
    case "garbage":
      for (const length of [0, 1, 11, 12, 13, 100, 1200]) send(Buffer.alloc(length, 0xc0));
      send(Buffer.concat([answer.subarray(0, 2), Buffer.alloc(500, 0xff)]));
      break;
    case "cut":
      // Each beginning of the answer arrives before the whole.
      for (let length = 0; length < answer.length; length += 3) send(answer.subarray(0, length));
      break;
    case "spoofed-port":
      send(
        changed(answer, (bytes) => bytes.fill(66, bytes.length - 4)),
        forger,
      );
      // The true answer comes later than the forged one.
      setTimeout(() => send(answer), 100);
      return;
    case "wrong-case":
      send(changed(answer, lowerQuestion));
      return;
    case "truncated":
      send(changed(answer, (bytes) => bytes.writeUInt8(bytes.readUInt8(2) | 2, 2)).subarray(0, answer.length - 5));
      return;
    case "duplicated":
      send(answer);
      break;
    case "delayed":
      setTimeout(() => send(answer), delayMs);
      return;
    case "reversed":
      held.push(() => send(answer));
      if (held.length === reversedCount) for (const release of held.splice(0).reverse()) release();
      return;
    default:
      break;
  }
  send(answer);
}

function passStream(fault: Fault, { bytes, client }: { bytes: Buffer; client: Socket }): void {
  switch (fault) {
    case "tcp-silent":
      return;
    case "tcp-cut":
      client.end(bytes.subarray(0, bytes.length >> 1));
      return;
    case "tcp-dribbled": {
      client.setNoDelay(true);
      const next = (at: number) => {
        if (at < bytes.length && client.writable)
          client.write(bytes.subarray(at, at + pieceBytes), () => setImmediate(next, at + pieceBytes));
      };
      next(0);
      return;
    }
    default:
      client.write(bytes);
  }
}

function changed(answer: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(answer);
  change(copy);
  return copy;
}

function lowerQuestion(bytes: Buffer): void {
  for (let at = 12; at < bytes.length && bytes.readUInt8(at) !== 0; at++) {
    const octet = bytes.readUInt8(at);
    if (octet >= 0x41 && octet <= 0x5a) bytes.writeUInt8(octet + 0x20, at);
  }
}
