/**
 * Notices that the resolver itself is down, and then stops waiting for it: every question would cost each message its whole time, and all of
 * them would end undecided together. It opens when question after question, of many domains, ends without any answer, and nothing has been
 * answered for a while; while it is open one question in a while is asked, and the first answer closes it. SERVFAIL and REFUSED
 * are answers: the resolver lives. A dead domain, or several in one message, do not open it as long as anything else is answered. It has no
 * timers and asks nothing itself.
 */
import { limits } from "../base/limits.ts";
import type { Answer } from "../dns/answer.ts";
import type { Clock } from "../dns/resolver.ts";
import { organizationalDomainByList } from "../mail/public-suffix.ts";

export type BreakerState = "closed" | "open";

/** Stands between the cache and the servers. */
export interface Breaker {
  /** May this question be asked? False: nothing is known of it, and nobody waited. */
  asks(): boolean;
  /** A question that was asked has ended so: after all tries, at all servers. */
  ended(name: string, answer: Pick<Answer, "status">): void;
  readonly state: BreakerState;
}

export type BreakerOptions = {
  readonly clock: Clock;
  readonly onChange?: (state: BreakerState) => void;
  readonly failuresMax?: number;
  readonly domainsMin?: number;
  readonly silenceMs?: number;
  readonly probeMs?: number;
};

export function openBreaker(options: BreakerOptions): Breaker {
  return new OpenBreaker(options);
}

class OpenBreaker implements Breaker {
  readonly #clock: Clock;
  readonly #onChange: (state: BreakerState) => void;
  readonly #bounds: { readonly failuresMax: number; readonly domainsMin: number; readonly silenceMs: number; readonly probeMs: number };
  readonly #domains = new Set<string>();
  #failures = 0;
  #answeredAt: number;
  #state: BreakerState = "closed";
  #probeAt = 0;

  constructor({ clock, onChange = () => {}, ...bounds }: BreakerOptions) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#bounds = {
      failuresMax: bounds.failuresMax ?? limits.breakerFailures,
      domainsMin: bounds.domainsMin ?? limits.breakerDomains,
      silenceMs: bounds.silenceMs ?? limits.breakerSilenceMs,
      probeMs: bounds.probeMs ?? limits.breakerProbeMs,
    };
    this.#answeredAt = clock();
  }

  get state(): BreakerState {
    return this.#state;
  }

  asks(): boolean {
    if (this.#state === "closed") return true;
    const now = this.#clock();
    // A clock that was set back must not keep it shut.
    if (now < this.#probeAt && this.#probeAt - now <= this.#bounds.probeMs) return false;
    this.#probeAt = now + this.#bounds.probeMs;
    return true;
  }

  ended(name: string, { status }: Pick<Answer, "status">): void {
    if (status === "timeout") this.#failed(name);
    else this.#answered();
  }

  #answered(): void {
    this.#answeredAt = this.#clock();
    this.#failures = 0;
    this.#domains.clear();
    this.#become("closed");
  }

  #failed(name: string): void {
    if (this.#state === "open") return;
    const { failuresMax, domainsMin, silenceMs, probeMs } = this.#bounds;
    const now = this.#clock();
    this.#failures += 1;
    if (this.#domains.size < domainsMin) this.#domains.add(organizationalDomainByList(name) ?? name);
    if (this.#failures < failuresMax || this.#domains.size < domainsMin || now - this.#answeredAt < silenceMs) return;
    this.#probeAt = now + probeMs;
    this.#become("open");
  }

  #become(state: BreakerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onChange(state);
  }
}
