/**
 * One question to one server, over UDP or TCP. UDP (RFC 5452 §9.2): a socket of its own for each, so that the system picks an
 * unpredictable port, connected, so that it takes packets from that address and port alone. TCP (RFC 7766): one connection a
 * question. It hands up every packet that arrives and decides nothing; it stays open until it is closed.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import type { ServerAddress } from "./dns-servers.ts";

export type Exchange = {
  readonly server: ServerAddress;
  readonly query: Uint8Array;
  /** The question is on its way. */
  readonly onSent: () => void;
  /** Anything that came from the server. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** Nothing more will come: refused, unreachable, cut off. */
  readonly onBroken: () => void;
};
/** Closes; nothing is called afterwards. */
export type Close = () => void;

export function askUdp({ server, query, onSent, onPacket, onBroken }: Exchange): Close {
  let closed = false;
  const socket = createSocket({ type: server.family === 6 ? "udp6" : "udp4", lookup: literal });
  const close = () => {
    if (closed) return;
    closed = true;
    socket.close();
  };
  const broken = () => {
    if (closed) return;
    close();
    onBroken();
  };
  socket.on("error", broken);
  socket.on("message", (packet) => {
    if (!closed) onPacket(packet);
  });
  socket.connect(server.port, server.host, (error?: Error) => {
    if (closed) return;
    if (error) return broken();
    onSent();
    socket.send(query, (failure) => {
      if (failure) broken();
    });
  });
  return close;
}

export function askTcp({ server, query, onSent, onPacket, onBroken }: Exchange): Close {
  let closed = false;
  const socket = connect({ host: server.host, port: server.port, noDelay: true });
  const frames = tcpFrames(onPacketIfOpen);
  const close = () => {
    closed = true;
    socket.destroy();
  };
  const broken = () => {
    if (closed) return;
    close();
    onBroken();
  };
  function onPacketIfOpen(packet: Uint8Array): void {
    if (!closed) onPacket(packet);
  }
  socket.on("error", broken);
  socket.on("close", broken);
  socket.on("end", broken);
  socket.on("data", (bytes) => {
    if (!closed && !frames(bytes)) broken();
  });
  socket.on("connect", () => {
    onSent();
    // RFC 7766 §8: length and message in one write.
    socket.write(Buffer.concat([Buffer.from([query.length >>> 8, query.length & 255]), query]));
  });
  return close;
}

/** RFC 1035 §4.2.2: two octets of length before each message. False: more came than a question can be worth. */
export function tcpFrames(onFrame: (frame: Uint8Array) => void): (bytes: Uint8Array) => boolean {
  let frame = new Uint8Array(2);
  let filled = 0;
  let isLength = true;
  let total = 0;
  return (bytes) => {
    total += bytes.length;
    if (total > tcpBytesMax) return false;
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(frame.length - filled, bytes.length - at);
      frame.set(bytes.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < frame.length) return true;
      if (!isLength) onFrame(frame);
      const next = isLength ? ((frame[0] ?? 0) << 8) | (frame[1] ?? 0) : 0;
      isLength = next === 0;
      frame = new Uint8Array(isLength ? 2 : next);
      filled = 0;
    }
    return true;
  };
}

const tcpBytesMax = 4 * (65_535 + 2);

/** Servers are addresses: no name of theirs is ever looked up. */
function literal(hostname: string, _options: unknown, callback: (error: null, address: string, family: number) => void): void {
  callback(null, hostname, hostname.includes(":") ? 6 : 4);
}
