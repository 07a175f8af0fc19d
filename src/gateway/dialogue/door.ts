/** What a door is to those who open and close it. Types only: each door lives in its own room under doors/. */
import type { Service } from "./journey.ts";

/** A place to listen at, as the configuration says it. */
export type ListenAt =
  | { readonly kind: "inet"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface Door {
  readonly name: "milter" | "smtp" | "http";
  /** Profile of its listener. */
  readonly listener: "inbound" | "submission";
  /** Where it listens, with the port that the system chose: `inet:127.0.0.1:8891`, `unix:/run/assay/milter.sock`. */
  readonly place: string;
  /** Connections that are open now. */
  readonly connections: number;
  /**
   * Takes no more connections; those that are idle end at once, those with a message under way end after it. Resolves when all have ended:
   * after `graceMs` those that are left are cut, with a temporary failure where the protocol can still say one.
   */
  close(graceMs: number): Promise<void>;
}

/** What every door is given by main. */
export type DoorMeans = {
  readonly service: Service;
  /** Opens the server there, and gives the place. A socket file that nobody listens at any more is replaced. */
  readonly listen: (server: Listening, at: ListenAt) => Promise<string>;
  /** A fault of ours outside any message; logged, and never the end of the process. */
  readonly onFault: (error: unknown, where: string) => void;
  /** For log and metrics. `refused`: more connections than the door serves at once. */
  readonly onConnection: (event: "opened" | "closed" | "refused", door: Pick<Door, "name" | "listener">) => void;
};

type ListenOptions =
  | { readonly host: string; readonly port: number; readonly exclusive?: boolean; readonly reusePort?: boolean }
  | { readonly path: string };

/** The part of node's net.Server that `listen` needs. */
export type Listening = {
  listen(options: ListenOptions): unknown;
  once(event: "error" | "listening", listener: (error?: Error) => void): unknown;
  removeListener(event: "error" | "listening", listener: (error?: Error) => void): unknown;
  address(): { readonly address: string; readonly port: number } | string | null;
};
