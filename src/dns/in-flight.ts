/**
 * Identical questions under way at the same time become one (RFC 5452 §5: asking twice doubles a forger's chances). A caller may
 * stop waiting by its AbortSignal; when the last one has, the question itself is given up. It knows nothing of sockets or time.
 */
import type { Answer, NotFound } from "./answer.ts";

export interface InFlight {
  /** Joins the question under way with this key, or starts it. The start's signal says that nobody waits any more. */
  join(key: string, start: (abandoned: AbortSignal) => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer>;
  /** Gives up every question. */
  abandonAll(): void;
  readonly size: number;
}

/** What a caller gets who stopped waiting: nothing is known. */
export const abandoned: NotFound = Object.freeze({ status: "timeout", withheld: "deadline" });

export function inFlight(): InFlight {
  const flights = new Map<string, Flight>();
  function join(key: string, start: (abandoned: AbortSignal) => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
    if (signal?.aborted === true) return Promise.resolve(abandoned);
    const flight = flights.get(key) ?? launch(key, start);
    flight.waiting += 1;
    return signal === undefined ? flight.answer : leaveOn(signal, flight, () => land(key, flight));
  }
  function launch(key: string, start: (abandoned: AbortSignal) => Promise<Answer>): Flight {
    const control = new AbortController();
    const flight: Flight = { waiting: 0, control, answer: start(control.signal).finally(() => land(key, flight)) };
    flights.set(key, flight);
    return flight;
  }
  function land(key: string, flight: Flight): void {
    if (flights.get(key) === flight) flights.delete(key);
  }
  function abandonAll(): void {
    for (const flight of flights.values()) flight.control.abort();
    flights.clear();
  }
  return {
    join,
    abandonAll,
    get size() {
      return flights.size;
    },
  };
}

type Flight = { waiting: number; readonly control: AbortController; readonly answer: Promise<Answer> };

/** The flight's answer, or `abandoned` as soon as the signal fires. `forget` is called when it was the last one waiting. */
function leaveOn(signal: AbortSignal, flight: Flight, forget: () => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      resolve(abandoned);
      flight.waiting -= 1;
      if (flight.waiting > 0) return;
      forget();
      flight.control.abort();
    };
    signal.addEventListener("abort", leave, { once: true });
    flight.answer.finally(() => signal.removeEventListener("abort", leave)).then(resolve, reject);
  });
}
