/**
 * The API as OpenAPI 3.1, made of the schemas that requests are read with and inspections are checked with. It describes; what is
 * answered is in app.ts.
 */
import { OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import { inspectionSchema } from "../../stamp/inspection-schema.ts";
import { envelopeQuery, envelopeSchema } from "./envelope.ts";
import { type FaultCode, faultStatus } from "./fault.ts";
import { inspectJson } from "./inspect-route.ts";

/** The document, as one value. */
export function apiSchema(version: string): object {
  const described = new OpenAPIHono();
  described.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  for (const route of routes) described.openAPIRegistry.registerPath(route);
  return described.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Assay", version, description: "Decides whether the sender of a message is who it claims to be, and says why." },
    security: [{ token: [] }, {}],
  });
}

const codes = Object.keys(faultStatus) as [FaultCode, ...FaultCode[]]; // the record's keys are exactly the union
const faultSchema = z.strictObject({ error: z.strictObject({ code: z.enum(codes), message: z.string() }) });
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const refused = Object.fromEntries(
  [...new Set(Object.values(faultStatus))].map((status) => {
    const of = Object.entries(faultStatus).filter(([, one]) => one === status);
    return [status, { description: of.map(([code]) => code).join(", "), content: json(faultSchema) }];
  }),
);

const binary = { type: "string", format: "binary" } as const;
const rspamdAnswer = z.looseObject({
  action: z.enum(["no action", "add header", "soft reject", "reject"]),
  score: z.number(),
  required_score: z.number(),
  is_skipped: z.literal(false),
  symbols: z.record(z.string(), z.looseObject({ name: z.string(), score: z.number(), options: z.array(z.string()) })),
  messages: z.looseObject({ smtp_message: z.string().optional() }),
  "message-id": z.string(),
});

const routes: readonly RouteConfig[] = [
  {
    method: "post",
    path: "/v1/inspect",
    summary: "A message and its envelope in, the inspection out",
    request: {
      query: envelopeQuery,
      body: {
        content: {
          "message/rfc822": { schema: binary },
          "application/json": { schema: inspectJson.extend({ envelope: envelopeSchema.optional() }) },
        },
      },
    },
    responses: { 200: { description: "what is known and decided", content: json(inspectionSchema) }, ...refused },
  },
  {
    method: "post",
    path: "/checkv2",
    summary:
      "The same in rspamd's protocol; the envelope stands in the headers IP, Helo, From, Rcpt, User, Queue-ID, TLS-Version, TLS-Cipher",
    request: { body: { content: { "application/octet-stream": { schema: binary } } } },
    responses: { 200: { description: "action, symbols and header edits", content: json(rspamdAnswer) }, ...refused },
  },
  {
    method: "get",
    path: "/healthz",
    summary: "The process is alive",
    responses: { 200: { description: "alive", content: json(z.strictObject({ status: z.literal("alive"), version: z.string() })) } },
  },
  {
    method: "get",
    path: "/readyz",
    summary: "It can do its work: DNS answers, the store writes, the doors are open",
    responses: {
      200: { description: "ready", content: json(readiness()) },
      503: { description: "not ready: the parts that are not say why", content: json(readiness()) },
    },
  },
  {
    method: "get",
    path: "/metrics",
    summary: "Prometheus metrics",
    responses: { 200: { description: "text exposition format", content: { "text/plain": { schema: { type: "string" } } } } },
  },
  {
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    responses: { 200: { description: "OpenAPI 3.1", content: json(z.looseObject({})) } },
  },
];

function readiness() {
  return z.strictObject({
    status: z.enum(["ready", "not-ready"]),
    parts: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), why: z.string().nullable() })),
  });
}
