// mandate.mjs: the built `mandate serve` and the words in which the tests of clients are written. Node's own modules alone.
//
//   const server = await startMandate();
//   const client = v1.NewClient("any", server.address, v1.ClientSecurity.INSECURE_PLAINTEXT_CREDENTIALS);
//   server.stop();
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Serves a new database on a port that the system chooses.
export async function startMandate() {
  const binary = process.env.MANDATE_BINARY;
  if (!binary) throw new Error("MANDATE_BINARY names the built mandate");
  const data = mkdtempSync(join(tmpdir(), "mandate-client-"));
  const child = spawn(binary, ["serve", "--data", join(data, "db"), "--listen", "127.0.0.1:0", "--http", ""], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  let log = "";
  const address = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => {
      log += text;
      const found = log.match(/ on (127\.0\.0\.1:\d+),/);
      if (found) resolve(found[1]);
    });
    child.on("exit", () => reject(new Error(`mandate serve did not start: ${log}`)));
  });
  const stop = () =>
    new Promise((resolve) => {
      child.on("exit", () => {
        process.off("exit", kill);
        rmSync(data, { recursive: true, force: true });
        resolve();
      });
      child.kill("SIGKILL");
    });
  return { address, stop };
}

// Everything that a stream sends, or its error with what it had sent as `partial`.
export function collect(stream) {
  return new Promise((resolve, reject) => {
    const sent = [];
    stream.on("data", (message) => sent.push(message));
    stream.on("error", (error) => reject(Object.assign(error, { partial: sent })));
    stream.on("end", () => resolve(sent));
  });
}

// The fields of a protobuf message: number -> values, bytes or numbers.
function fieldsOf(bytes) {
  const fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    let value = null;
    if ((tag & 7) === 0) value = varint();
    else if ((tag & 7) === 2) {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`a google.rpc.Status has no field of wire type ${tag & 7}`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

// The google.rpc.ErrorInfo of an error: { reason, domain, metadata }; undefined if it has none.
export function errorInfo(error) {
  const details = error.metadata?.get("grpc-status-details-bin")[0];
  if (details === undefined) return undefined;
  for (const any of fieldsOf(details).get(3) ?? []) {
    const packed = fieldsOf(any);
    if (!packed.get(1)?.toString().endsWith("google.rpc.ErrorInfo")) continue;
    const info = fieldsOf(packed.get(2)[0]);
    const text = (fields, number) => fields.get(number)?.[0].toString() ?? "";
    const metadata = {};
    for (const entry of info.get(3) ?? []) metadata[text(fieldsOf(entry), 1)] = text(fieldsOf(entry), 2);
    return { reason: text(info, 1), domain: text(info, 2), metadata };
  }
  return undefined;
}

// `document:plan`, `team:core#member` and `document:plan#viewer@team:core#member[caveat:{...}][expiration:...]` as
// messages. `struct` makes a google.protobuf.Struct.
export function object(text) {
  const colon = text.indexOf(":");
  return { objectType: text.slice(0, colon), objectId: text.slice(colon + 1) };
}
export function subject(text) {
  const hash = text.indexOf("#");
  const relation = hash < 0 ? "" : text.slice(hash + 1);
  return { object: object(hash < 0 ? text : text.slice(0, hash)), optionalRelation: relation === "..." ? "" : relation };
}
export function relationship(text, struct) {
  const at = text.indexOf("@");
  const hash = text.indexOf("#");
  let rest = text.slice(at + 1);
  const value = { resource: object(text.slice(0, hash)), relation: text.slice(hash + 1, at) };
  const expiry = rest.match(/\[expiration:([^\]]*)\]$/);
  if (expiry) {
    const millis = Date.parse(expiry[1]);
    value.optionalExpiresAt = { seconds: String(Math.floor(millis / 1000)), nanos: (millis % 1000) * 1_000_000 };
    rest = rest.slice(0, expiry.index);
  }
  const caveat = rest.match(/\[([^:\]]*)(?::([^]*))?\]$/);
  if (caveat) {
    value.optionalCaveat = { caveatName: caveat[1] };
    if (caveat[2]) value.optionalCaveat.context = struct(JSON.parse(caveat[2]));
    rest = rest.slice(0, caveat.index);
  }
  value.subject = subject(rest);
  return value;
}
