/**
 * The log: JSON Lines on standard output (pino), one line for each decision, for each refusal at MAIL or RCPT, and for each fault. Lines are
 * written behind the mail's back: a reader that stands still costs lines, which are counted, and never mail. What comes from outside is
 * bounded and can neither end a line nor steer a terminal. It never writes subjects, bodies or the author's address; docs/observability.md
 * has the fields and their names in ECS.
 */
import { type DestinationStream, destination, type LoggerOptions, pino, stdTimeFunctions } from "pino";
import { limits } from "../base/limits.ts";
import type { Observer } from "../gateway/dialogue/journey.ts";
import { type AnswerLine, answerLine, type DecisionLine, decisionLine, shown } from "./log-lines.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  /** `err` in the fields is written with its stack. */
  error(fields: object, message: string): void;
  /** For the journey: decisions, refusals, faults. */
  readonly observer: Observer;
  /** Lines that were lost because nobody read them. */
  readonly lost: number;
  /** Writes what waits. */
  close(): void;
}

/** To standard output, or to `sink`, which gets each line whole with its line end. */
export function openLog(level: LogLevel, sink?: DestinationStream): Log {
  const buffered = sink === undefined ? standardOutput() : null;
  const logger = pino(options(level), sink ?? buffered?.stream ?? { write: () => {} });
  return {
    debug: (fields, message) => logger.debug(readable(fields), message),
    info: (fields, message) => logger.info(readable(fields), message),
    warn: (fields, message) => logger.warn(readable(fields), message),
    error: (fields, message) => logger.error(readable(fields), message),
    observer: {
      onAnswer: (answered) => {
        if (answered.reply !== null) logger.info(answerLine(answered) satisfies AnswerLine, "refused");
      },
      onDecision: (decided) => {
        const line = decisionLine(decided) satisfies DecisionLine;
        logger.info(line, line.disposition === "refuse" ? "refused" : "accepted");
      },
      onFault: (error, { stage, queueId }) =>
        logger.error({ schema: "assay.fault/1", stage, queueId: shown(queueId), ...errorFields(error) }, "a fault of ours"),
    },
    get lost() {
      return buffered?.lost() ?? 0;
    },
    close: () => buffered?.flush(),
  };
}

function options(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    messageKey: "message",
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
}

function standardOutput(): { readonly stream: DestinationStream; readonly lost: () => number; readonly flush: () => void } {
  // Each write is a task of another thread: at full load a line alone costs more to write than to make.
  const { logBatchBytes: minLength, logWriteBytesMax: maxWrite, logBufferBytesMax: maxLength } = limits;
  // As octets: joining texts and counting their octets again costs it five times as much.
  const stream = destination({ dest: 1, sync: false, minLength, maxWrite, maxLength, contentMode: "buffer" });
  let lost = 0;
  let isDue = false;
  const send = (): void => {
    isDue = false;
    try {
      stream.flush();
    } catch {
      // Nobody reads: there is nobody to tell.
    }
  };
  const write = (line: string): void => {
    // In this mode it takes octets; its type knows texts only.
    stream.write(Buffer.from(line) as unknown as string);
    if (isDue) return;
    isDue = true;
    setTimeout(send, limits.logWaitMs).unref();
  };
  stream.on("drop", () => {
    lost += 1;
  });
  // Whoever read us is gone: the service goes on without a log.
  stream.on("error", () => {
    lost += 1;
  });
  const flush = (): void => {
    try {
      stream.flushSync();
    } catch {
      // Nobody reads: there is nobody to tell.
    }
  };
  process.once("exit", flush);
  return { stream: { write }, lost: () => lost, flush };
}

/** The fields, with an error in words and texts bounded. */
function readable(fields: object): object {
  const found = Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
    if (value instanceof Error) return key === "err" ? Object.entries(errorFields(value)) : [[key, errorFields(value)]];
    return [[key, typeof value === "string" ? shown(value) : value]];
  });
  return Object.fromEntries(found);
}

function errorFields(error: unknown): {
  readonly error: { readonly type: string; readonly message: string | null; readonly stack: string | null };
} {
  if (!(error instanceof Error)) return { error: { type: typeof error, message: shown(String(error)), stack: null } };
  return {
    error: {
      type: shown(error.name) ?? "Error",
      message: shown(error.message),
      stack: shown(error.stack ?? null, limits.logStackCharactersMax),
    },
  };
}
