/**
 * Many connections that each stream one long signed message at the same time, straight to a filter: how much memory that takes. None
 * ends before all have begun; what the filter does not take waits with the sender.
 */
import type { Visit } from "./mail.ts";
import { type Field, MilterConnection, type Packets, packetsOf, type Verdict } from "./milter-client.ts";
import { MemoryWatch } from "./process-cost.ts";

export type LongBodies = {
  readonly seconds: number;
  readonly residentBytesBefore: number;
  readonly residentBytesMax: number;
  readonly verdicts: readonly (readonly Field[])[];
};

export type Streaming = { readonly port: number; readonly pids: readonly number[]; readonly connections: number };

/** The first message of the visit, over each connection. */
export async function streamBodies(visit: Visit, { port, pids, connections }: Streaming): Promise<LongBodies> {
  const [message] = visit.messages;
  if (message === undefined) throw new Error("no message to stream");
  const packets = packetsOf(message.bytes);
  const { promise: allBegun, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  const watch = new MemoryWatch(pids, 20);
  const residentBytesBefore = watch.maxBytes;
  const stream = async (): Promise<Verdict> => {
    const connection = await MilterConnection.open(port);
    await connection.greet(visit.ip, visit.helo);
    await connection.envelope(message.mailFrom, message.rcptTo);
    await connection.header(packets);
    await pushAll(connection, packets, (sent) => {
      if (sent === firstPackets) begun += 1;
      if (begun === connections) resolve();
      return sent === firstPackets ? allBegun : undefined;
    });
    const verdict = await connection.end();
    connection.close();
    return verdict;
  };
  const startedAt = performance.now();
  const verdicts = await Promise.all(Array.from({ length: connections }, stream));
  const seconds = (performance.now() - startedAt) / 1000;
  return { seconds, residentBytesBefore, residentBytesMax: watch.stop(), verdicts: verdicts.map(({ inserted }) => inserted) };
}

/** What a connection sends before it waits for the others. */
const firstPackets = 4;

async function pushAll(connection: MilterConnection, { body }: Packets, after: (sent: number) => Promise<void> | undefined): Promise<void> {
  for (const [i, packet] of body.entries()) {
    await connection.push(packet);
    await after(i + 1);
  }
}
