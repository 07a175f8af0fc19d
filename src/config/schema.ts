/**
 * The schema of assay.toml: the one source of each key's type, default and help (house rule 13). It holds the keys that something obeys
 * today and no others: a key without effect would be a promise. Keys are the contract's; values are kept as written.
 */
import { z } from "zod";
import { domainToAscii } from "../mail/domain.ts";
import { parseIpNetwork } from "../mail/ip-address.ts";

const name = z.string().regex(/^[\w.-]{1,255}$/, { error: "a host name, such as mx.contoso.com" });
const network = z.string().refine((text) => parseIpNetwork(text) !== null, { error: "an address or a network, such as 192.0.2.0/24" });
const domain = z.string().refine((text) => domainToAscii(text) !== null, { error: "a domain, such as contoso.com" });
const server = z.string().regex(/^\S{1,255}$/, { error: "a DNS server, such as 192.0.2.53 or 192.0.2.53:5353" });

export const configSchema = z.strictObject({
  authserv_id: name.optional().describe("Who stamps the results; one per organization, not per host. Default: the host's name."),
  dns: z.strictObject({ servers: z.array(server).max(8).optional().describe("DNS servers to ask. Default: the system's.") }).optional(),
  trust: z
    .strictObject({
      networks: z.array(network).max(1000).optional().describe("Relays of ours: the client is whoever handed the message to them."),
      sealers: z.array(domain).max(1000).optional().describe("Domains whose ARC seals we believe."),
      authserv_ids: z.array(name).max(100).optional().describe("Names besides ours under which Authentication-Results are ours."),
    })
    .optional(),
  stamp: z
    .strictObject({ compauth: z.boolean().optional().describe("Write compauth= into Authentication-Results. Default: true.") })
    .optional(),
});

export type Config = z.infer<typeof configSchema>;
