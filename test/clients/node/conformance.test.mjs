// The validation files of ../shared/conformance/validation, each asked through the official client: what is asserted must
// be answered so by check and by lookup, and whoever a stored relationship names must hold its relation.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { v1 } from "@authzed/authzed-node";
import { parse } from "yaml";
import { collect, object, relationship, startMandate, subject } from "./mandate.mjs";

const { HAS_PERMISSION, NO_PERMISSION, CONDITIONAL_PERMISSION } = v1.CheckPermissionResponse_Permissionship;
const FOUND_CONDITIONAL = v1.LookupPermissionship.CONDITIONAL_PERMISSION;
const struct = (json) => v1.PbStruct.fromJson(json);

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = process.env.MANDATE_CONFORMANCE ?? join(root, "../shared/conformance/validation");
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".yaml")).sort() : [];
if (files.length === 0) {
  console.log(`NOT RUN: the validation files, for there are none in ${folder}`);
  test("validation files", { skip: `NOT RUN: no files in ${folder}` }, () => {});
}

// `document:plan#view@user:ann with {"hour": 12}`
function question(line) {
  const [text, context] = line.split(" with ");
  const at = text.indexOf("@"), hash = text.indexOf("#");
  return v1.CheckPermissionRequest.create({
    resource: object(text.slice(0, hash)), permission: text.slice(hash + 1, at), subject: subject(text.slice(at + 1).trim()),
    consistency: { requirement: { oneofKind: "fullyConsistent", fullyConsistent: true } },
    context: context ? struct(JSON.parse(context)) : undefined,
  });
}

// The lookup of resources finds the object of a question exactly where the check does not say no.
async function lookupAgrees(client, asked, permissionship, line) {
  const { resource, permission, subject, context, consistency } = asked;
  const found = await collect(client.lookupResources(v1.LookupResourcesRequest.create({
    resourceObjectType: resource.objectType, permission, subject, context, consistency,
  })));
  const here = found.find((each) => each.resourceObjectId === resource.objectId);
  assert.equal(here !== undefined, permissionship !== NO_PERMISSION, `lookup of ${line}`);
  if (here) assert.equal(here.permissionship === FOUND_CONDITIONAL, permissionship === CONDITIONAL_PERMISSION, line);
}

for (const file of files) {
  test(file, async () => {
    const world = parse(readFileSync(join(folder, file), "utf8"));
    const server = await startMandate();
    const client = v1.NewClient("a key", server.address, v1.ClientSecurity.INSECURE_PLAINTEXT_CREDENTIALS);
    try {
      await client.promises.writeSchema(v1.WriteSchemaRequest.create({ schema: world.schema }));
      const rows = (world.relationships ?? "").split("\n").map((line) => line.trim())
        .filter((line) => line && !line.startsWith("//"));
      for (let i = 0; i < rows.length; i += 1000) {
        await client.promises.writeRelationships(v1.WriteRelationshipsRequest.create({
          updates: rows.slice(i, i + 1000).map((row) => ({
            operation: v1.RelationshipUpdate_Operation.TOUCH, relationship: relationship(row, struct),
          })),
        }));
      }
      let asked = 0;
      for (const [list, verdict] of [["assertTrue", HAS_PERMISSION], ["assertFalse", NO_PERMISSION],
                                     ["assertCaveated", CONDITIONAL_PERMISSION]]) {
        for (const line of world.assertions?.[list] ?? []) {
          const answer = await client.promises.checkPermission(question(line));
          assert.equal(answer.permissionship, verdict, `${list}: ${line}`);
          await lookupAgrees(client, question(line), verdict, line);
          ++asked;
        }
      }
      for (const row of rows.filter((each) => !/\[|:\*/.test(each))) {
        const asks = question(row);
        const answer = await client.promises.checkPermission(asks);
        assert.notEqual(answer.permissionship, NO_PERMISSION, row);
        ++asked;
      }
      assert.ok(asked > 0, "the file says nothing");
    } finally {
      client.close();
      await server.stop();
    }
  });
}
