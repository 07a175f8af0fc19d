/**
 * The HTTP API: which path answers what, and to whom. It reads nothing of a body itself, and every answer is JSON (metrics apart), is not
 * kept by caches, and is nothing a browser would show as a page.
 */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import type { Clock } from "../../dns/resolver.ts";
import type { Service } from "../../gateway/dialogue/journey.ts";
import { type AccessRules, type Area, refusal } from "./access.ts";
import { apiSchema } from "./api-schema.ts";
import { checkAnswer } from "./check-answer.ts";
import { checkRoute } from "./check-route.ts";
import { fault, faultBody, faultHeaders, faultStatus, type HttpFault } from "./fault.ts";
import { inspectRoute } from "./inspect-route.ts";

/** A part of the service, and whether it can do its work. */
export type Readiness = { readonly name: string; readonly ok: boolean; readonly why: string | null };

export type AppMeans = {
  readonly service: Service;
  readonly metrics: () => Promise<string>;
  readonly ready: () => Promise<readonly Readiness[]>;
  readonly clock: Clock;
  readonly onFault: (error: unknown, where: string) => void;
  readonly version: string;
  /** Read for each request: a new configuration counts from the next on. */
  readonly access: () => AccessRules;
  readonly messageBytesMax: () => number;
};

type Env = { readonly Bindings: HttpBindings };

export function httpApp(means: AppMeans): Hono<Env> {
  const app = new Hono<Env>();
  let schema: string | null = null;
  app.use(async (c, next) => {
    const found = accessFault(c, means.access());
    if (found !== null) return faultResponse(found);
    await next();
    return undefined;
  });
  app.get("/healthz", () => answer(200, { status: "alive", version: means.version }));
  app.get("/readyz", () => readiness(means));
  app.get("/metrics", async () => new Response(await means.metrics(), { headers: { ...plain, "Content-Type": prometheusText } }));
  app.get("/openapi.json", () => {
    schema ??= `${JSON.stringify(apiSchema(means.version))}\n`;
    return new Response(schema, { headers: plain });
  });
  app.post("/v1/inspect", async (c) => {
    const { incoming } = c.env;
    const encoded = encodingFault(c);
    if (encoded !== null) return faultResponse(encoded);
    const done = await inspectRoute(incoming, new URL(c.req.url).searchParams, {
      service: means.service,
      bytesMax: means.messageBytesMax(),
    });
    return done.ok ? answer(200, done.inspection) : faultResponse(done.fault);
  });
  app.on(["POST", "GET"], "/checkv2", async (c) => {
    const encoded = encodingFault(c);
    if (encoded !== null) return faultResponse(encoded);
    const startedAt = means.clock();
    const done = await checkRoute(c.env.incoming, { service: means.service, bytesMax: means.messageBytesMax() });
    return done.ok ? answer(200, checkAnswer(done.disposition, (means.clock() - startedAt) / 1000)) : faultResponse(done.fault);
  });
  for (const [path, method] of Object.entries(methods)) app.all(path, () => wrongMethod(method));
  app.notFound(() => faultResponse(fault("not-found", `there is nothing here; there are ${Object.keys(methods).join(", ")}`).fault));
  app.onError((error) => {
    means.onFault(error, "http");
    return faultResponse(fault("fault", "a fault of ours; the log has it (journalctl -u assay)").fault);
  });
  return app;
}

const methods: Readonly<Record<string, "GET" | "POST">> = {
  "/healthz": "GET",
  "/readyz": "GET",
  "/metrics": "GET",
  "/openapi.json": "GET",
  "/v1/inspect": "POST",
  "/checkv2": "POST",
};

function accessFault(c: Context<Env>, rules: AccessRules): HttpFault | null {
  const { incoming } = c.env;
  const asker = {
    address: incoming.socket.remoteAddress,
    header: (name: string): string | undefined => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
  return refusal(asker, areaOf(c.req.path), rules);
}

function areaOf(path: string): Area {
  return methods[path] === "GET" ? "open" : "api";
}

/** RFC 9110 §8.4. A packed message could unpack to anything. */
function encodingFault(c: Context<Env>): HttpFault | null {
  const encoding = c.env.incoming.headers["content-encoding"];
  if (encoding === undefined || encoding.toLowerCase() === "identity") return null;
  return fault("content-encoding", "the message is taken as it is: send it without Content-Encoding").fault;
}

async function readiness({ ready }: AppMeans): Promise<Response> {
  const parts = await ready();
  const isReady = parts.every(({ ok }) => ok);
  return answer(isReady ? 200 : 503, { status: isReady ? "ready" : "not-ready", parts });
}

function wrongMethod(method: "GET" | "POST"): Response {
  const found = fault("method-not-allowed", `this is asked with ${method}`).fault;
  const response = faultResponse(found);
  response.headers.set("Allow", method === "GET" ? "GET, HEAD" : method);
  return response;
}

export function faultResponse(found: HttpFault): Response {
  return new Response(faultBody(found), { status: faultStatus[found.code], headers: { ...plain, ...faultHeaders(found) } });
}

function answer(status: number, value: unknown): Response {
  return new Response(`${JSON.stringify(value)}\n`, { status, headers: plain });
}

const prometheusText = "text/plain; version=0.0.4; charset=utf-8";
export const plain: Readonly<Record<string, string>> = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
};
