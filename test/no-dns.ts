/**
 * Preload of every test run (`node --import ./test/no-dns.ts --test`): no test may ask a real DNS server or reach a real host.
 * Whatever would leave this machine throws an error that says so: node:dns in all its forms, datagrams, and connections to
 * addresses that are not loopback. Loopback and local sockets stay open: there the tests run servers of their own.
 * It guards this process and the test processes below it, not other programs that a test starts.
 */
import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

/** What is thrown. `code` lets a test name it. */
export class OutsideNetworkError extends Error {
  override name = "OutsideNetworkError";
  readonly code = "ASSAY_TEST_NETWORK";
}

function refuse(what: string): never {
  throw new OutsideNetworkError(`${what}: tests never reach real DNS or a real network; use the zone resolver or a server on loopback`);
}

function isLoopback(host: unknown): boolean {
  if (host === undefined || host === null || host === "" || host === "localhost") return true;
  if (typeof host !== "string") return false;
  const bare = host.replace(/^::ffff:/i, "");
  return (net.isIPv4(bare) && bare.startsWith("127.")) || host === "::1";
}

type Callable = (...args: unknown[]) => unknown;
type Patched = Record<string, unknown>;

/** Puts `make(original)` in the place of a method. */
function patch(owner: object, name: string, make: (original: Callable) => (this: unknown, ...args: unknown[]) => unknown): void {
  const methods = owner as Patched;
  const original = methods[name];
  if (typeof original === "function") methods[name] = make(original as Callable);
}

// node:dns. `lookup` of an address or of localhost asks nobody; net.connect needs it.
for (const owner of [dns, dns.promises]) {
  patch(
    owner,
    "lookup",
    (original) =>
      function (this: unknown, host, ...rest) {
        if (isLoopback(host) || net.isIP(String(host)) !== 0) return original.call(this, host, ...rest);
        return refuse(`dns.lookup ${String(host)}`);
      },
  );
  for (const name of Object.keys(owner).filter((key) => /^(resolve|reverse|lookupService)/.test(key))) {
    patch(owner, name, () => (host) => refuse(`dns.${name} ${String(host)}`));
  }
}
for (const prototype of [dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
  for (const level of [prototype, Object.getPrototypeOf(prototype) as object]) {
    for (const name of Object.getOwnPropertyNames(level).filter((key) => /^(resolve|reverse)/.test(key))) {
      patch(level, name, () => (host) => refuse(`Resolver.${name} ${String(host)}`));
    }
  }
}

// node:dgram. send(message, [offset, length,] [port,] [address,] [callback]): the address is the only string after the message.
patch(
  dgram.Socket.prototype,
  "send",
  (original) =>
    function (this: unknown, message, ...rest) {
      const address = rest.find((argument) => typeof argument === "string");
      return isLoopback(address) ? original.call(this, message, ...rest) : refuse(`datagram to ${String(address)}`);
    },
);
patch(
  dgram.Socket.prototype,
  "connect",
  (original) =>
    function (this: unknown, port, ...rest) {
      const address = rest.find((argument) => typeof argument === "string");
      return isLoopback(address) ? original.call(this, port, ...rest) : refuse(`datagram socket to ${String(address)}`);
    },
);

// node:net, and with it http, https, tls and fetch.
patch(
  net.Socket.prototype,
  "connect",
  (original) =>
    function (this: unknown, ...args) {
      const target = connectTarget(args);
      return isLoopback(target) ? original.apply(this, args) : refuse(`connection to ${String(target)}`);
    },
);

/** The host of connect(options), connect(port, host) or connect(path); undefined for a local socket or none given. */
function connectTarget(args: readonly unknown[]): unknown {
  // net.connect hands down its normalized arguments as one array.
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === "object" && first !== null) {
    const options = first as { host?: unknown; path?: unknown };
    return options.path ? undefined : options.host;
  }
  return typeof second === "string" ? second : undefined;
}

syncBuiltinESMExports();
