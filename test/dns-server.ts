/**
 * A DNS server on loopback for tests, UDP and TCP on one port, that answers as the test says, be it well or badly. It reads and writes
 * packets with dns-packet, which the product does not use: two codecs by different authors check each other.
 */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Answer, type DecodedPacket, decode, encode, type Packet, type Question } from "dns-packet";

export type Asked = {
  readonly transport: "udp" | "tcp";
  readonly packet: DecodedPacket;
  readonly bytes: Buffer;
  readonly id: number;
  /** As it came: in random case. */
  readonly name: string;
  readonly lowerName: string;
  readonly type: string;
  readonly edns: boolean;
  readonly clientPort: number;
  /** Sends bytes, or a packet that is completed from the question. */
  reply(packet: Buffer | Reply): void;
};
export type Reply = Omit<Packet, "type"> & {
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly authentic?: boolean;
  readonly recursion?: boolean;
};
export type DnsServer = {
  /** As `dnsResolver` takes it. */
  readonly address: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
};

export async function dnsServer(respond: (asked: Asked) => void, host = "127.0.0.1"): Promise<DnsServer> {
  const asked: Asked[] = [];
  const seen = (bytes: Buffer, transport: "udp" | "tcp", from: { port: number; send(reply: Buffer): void }) => {
    const one = read(bytes, transport, from);
    asked.push(one);
    respond(one);
  };
  const { udp, tcp, port } = await listen(host);
  const open = new Set<Socket>();
  udp.on("message", (bytes: Buffer, from: RemoteInfo) => {
    seen(bytes, "udp", { port: from.port, send: (reply) => udp.send(reply, from.port, from.address) });
  });
  tcp.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    let held = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0);
        seen(held.subarray(2, end), "tcp", { port: socket.remotePort ?? 0, send: (reply) => socket.write(framed(reply)) });
        held = held.subarray(end);
      }
    });
  });
  return {
    address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    port,
    asked,
    close: async () => {
      for (const socket of open) socket.destroy();
      await Promise.all([new Promise<void>((done) => udp.close(done)), new Promise((done) => tcp.close(done))]);
    },
  };
}

export function framed(packet: Buffer): Buffer {
  return Buffer.concat([Buffer.from([packet.length >>> 8, packet.length & 255]), packet]);
}

/** The reply's bytes: the question's id and name unless the reply has its own. */
export function replyTo(query: DecodedPacket, reply: Reply): Buffer {
  const { rcode = 0, truncated = false, authentic = false, recursion = true, ...rest } = reply;
  const flags = (truncated ? 1 << 9 : 0) | (1 << 8) | (recursion ? 1 << 7 : 0) | (authentic ? 1 << 5 : 0) | rcode;
  return encode({ id: query.id ?? 0, questions: query.questions ?? [], flags, ...rest, type: "response" });
}

export const soa = (name: string, minimum: number, ttl = 3600): Answer => ({
  type: "SOA",
  name,
  ttl,
  data: { mname: `ns.${name}`, rname: `host.${name}`, serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
});

/** A UDP and a TCP socket on the same port, chosen by the system. */
async function listen(host: string): Promise<{ udp: ReturnType<typeof createSocket>; tcp: Server; port: number }> {
  for (;;) {
    const tcp = createServer().listen(0, host);
    await once(tcp, "listening");
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket({ type: host.includes(":") ? "udp6" : "udp4", recvBufferSize: 4 << 20 });
    try {
      udp.bind(port, host);
      await once(udp, "listening");
      return { udp, tcp, port };
    } catch {
      // Somebody else has the UDP port.
      udp.close();
      tcp.close();
    }
  }
}

function read(bytes: Buffer, transport: "udp" | "tcp", from: { port: number; send(reply: Buffer): void }): Asked {
  const packet = decode(bytes);
  const question: Question = packet.questions?.[0] ?? { name: "", type: "A" };
  return {
    transport,
    packet,
    bytes,
    id: packet.id ?? 0,
    name: question.name,
    lowerName: question.name.toLowerCase(),
    type: question.type,
    edns: (packet.additionals ?? []).some((record) => record.type === "OPT"),
    clientPort: from.port,
    reply: (reply) => from.send(Buffer.isBuffer(reply) ? reply : replyTo(packet, reply)),
  };
}
