/** The doors that a configuration opens, each with its habits read anew where that is possible. If one cannot open, those before it close. */
import type { Config } from "../config/schema.ts";
import { openHttpDoor } from "../doors/http/http-door.ts";
import { openMilterDoor } from "../doors/milter/milter.ts";
import { openSmtpDoor, type SmtpHabits } from "../doors/smtp/smtp-door.ts";
import type { Door, DoorMeans, ListenAt } from "../gateway/dialogue/door.ts";

export type HttpMeans = Omit<Parameters<typeof openHttpDoor>[1], keyof DoorMeans>;

export type DoorSurroundings = {
  readonly version: string;
  readonly hostName: () => string;
  readonly readFile: (file: string, what: string) => Uint8Array;
  readonly http: HttpMeans;
};

export async function openDoors(config: () => Config, means: DoorMeans, around: DoorSurroundings): Promise<readonly Door[]> {
  const opened: Door[] = [];
  try {
    for (const open of doorsOf(config, means, around)) opened.push(await open());
    return opened;
  } catch (error) {
    await Promise.all(opened.map((door) => door.close(0)));
    throw error;
  }
}

function doorsOf(config: () => Config, means: DoorMeans, around: DoorSurroundings): readonly (() => Promise<Door>)[] {
  const { listen } = config();
  const certified = certificates(around, means.onFault);
  const opening: (() => Promise<Door>)[] = [];
  for (const [listener, milter, proxy] of [
    ["inbound", listen.milter, listen.smtp],
    ["submission", listen.submission_milter, listen.submission_smtp],
  ] as const) {
    if (milter !== null) opening.push(() => milterDoor({ at: milter, listener }, config, means));
    if (proxy !== null) {
      const at = { kind: "inet" as const, ...proxy.address };
      const habits = () => certified(config().smtp);
      const { connections_max: connectionsMax } = config().serve;
      const ours = () => networksOfOurs(config());
      opening.push(() => openSmtpDoor({ at, listener, nextHop: proxy.next_hop, habits, connectionsMax, ours }, means));
    }
  }
  const { http } = listen;
  if (http !== null) {
    const habits = () => {
      const { tokens, message_bytes_max } = config().http;
      return { tokens, messageBytesMax: message_bytes_max };
    };
    const { connections_max: connectionsMax } = config().serve;
    const options = { at: { kind: "inet" as const, ...http }, habits, version: around.version, connectionsMax };
    opening.push(() => openHttpDoor(options, { ...means, ...around.http }));
  }
  return opening;
}

/** Hosts that many clients may stand behind, and this one: none of them is a stranger that takes all connections. */
export function networksOfOurs({ trust, outbound }: Config): readonly string[] {
  const relays = [...trust.gateways, ...outbound.accounts].flatMap(({ networks }) => networks);
  return ["127.0.0.0/8", "::1", ...trust.networks, ...trust.hops, ...relays];
}

function milterDoor(
  at: { readonly at: ListenAt; readonly listener: Door["listener"] },
  config: () => Config,
  means: DoorMeans,
): Promise<Door> {
  const habits = () => {
    const { outbound_daemons, hold } = config().milter;
    return { outboundDaemons: outbound_daemons, hold };
  };
  return openMilterDoor({ ...at, connectionsMax: config().serve.connections_max, habits }, means);
}

/**
 * Certificate and key as they are in their files, read again once a minute: a renewed one is taken without a restart. Where they cannot be
 * read when the first door opens, this throws; later, also where a new configuration names others, those in use stay, and a fault is told.
 */
export function certificates(
  { readFile, http: { clock } }: Pick<DoorSurroundings, "readFile"> & { readonly http: Pick<HttpMeans, "clock"> },
  onFault: DoorMeans["onFault"],
): (smtp: Config["smtp"]) => SmtpHabits {
  let isOpen = false;
  let read: { readonly at: number; readonly of: string; readonly certificate: string | null; readonly key: string | null } | null = null;
  const text = (file: string, what: string): string => Buffer.from(readFile(file, what)).toString("utf8");
  return (smtp) => {
    const { tls_certificate: certificate, tls_key: key } = smtp;
    const of = `${certificate}\0${key}`;
    if (certificate === null || key === null) read = null;
    else if (read?.of !== of || clock() - read.at > rereadMs) {
      try {
        read = { at: clock(), of, certificate: text(certificate, "certificate"), key: text(key, "key of the certificate") };
      } catch (error) {
        if (!isOpen) throw error;
        onFault(error, "the certificate");
        read = { certificate: read?.certificate ?? null, key: read?.key ?? null, at: clock(), of };
      }
    }
    isOpen = true;
    return { ...smtp, tls_certificate: read?.certificate ?? null, tls_key: read?.key ?? null };
  };
}

const rereadMs = 60_000;
