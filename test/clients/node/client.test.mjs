// Everything that the official client offers, against the built server.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { v1 } from "@authzed/authzed-node";
import { collect, errorInfo, object, relationship, startMandate, subject } from "./mandate.mjs";

const { RelationshipUpdate_Operation: Op, CheckPermissionResponse_Permissionship: Verdict } = v1;
const INVALID_ARGUMENT = 3, NOT_FOUND = 5, ALREADY_EXISTS = 6, FAILED_PRECONDITION = 9, UNIMPLEMENTED = 12;

const SCHEMA = `use expiration

caveat office_hours(hour int, opens int) { hour >= opens && hour < 18 }

definition user {}
definition team {
  relation member: user
}
definition document {
  relation viewer: user | user:* | team#member | user with office_hours | user with expiration
  relation banned: user
  permission view = viewer - banned
}
`;

let server, client, calls;
const struct = (json) => v1.PbStruct.fromJson(json);
const fully = { requirement: { oneofKind: "fullyConsistent", fullyConsistent: true } };

before(async () => {
  server = await startMandate();
  client = v1.NewClient("a key", server.address, v1.ClientSecurity.INSECURE_PLAINTEXT_CREDENTIALS);
  calls = client.promises;
  await assert.rejects(calls.readSchema(v1.ReadSchemaRequest.create()), (e) => e.code === NOT_FOUND);
  await calls.writeSchema(v1.WriteSchemaRequest.create({ schema: SCHEMA }));
});
after(async () => {
  client.close();
  await server.stop();
});
beforeEach(async () => {
  for (const resourceType of ["document", "team"]) {
    await calls.deleteRelationships(v1.DeleteRelationshipsRequest.create({ relationshipFilter: { resourceType } }));
  }
});

const write = (rows, more = {}) =>
  calls.writeRelationships(v1.WriteRelationshipsRequest.create({
    updates: rows.map(([operation, text]) => ({ operation, relationship: relationship(text, struct) })),
    ...more,
  }));
const touch = (...texts) => write(texts.map((text) => [Op.TOUCH, text]));
const ask = async (who, more = {}) =>
  calls.checkPermission(v1.CheckPermissionRequest.create({
    resource: object("document:plan"), permission: "view", subject: subject(who), consistency: fully, ...more,
  }));
const fails = (promise, code, reason) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.code, code, error.message);
    assert.deepEqual([errorInfo(error)?.reason, errorInfo(error)?.domain], [`ERROR_REASON_${reason}`, "authzed.com"]);
    return true;
  });

test("the schema is read as it was written", async () => {
  const read = await calls.readSchema(v1.ReadSchemaRequest.create());
  assert.equal(read.schemaText, SCHEMA);
  assert.ok(read.readAt.token);
});

test("a schema that does not compile is refused with its place", async () => {
  const promise = calls.writeSchema(v1.WriteSchemaRequest.create({ schema: "definition user {}\ndefinition {" }));
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, INVALID_ARGUMENT);
    assert.equal(errorInfo(error).reason, "ERROR_REASON_SCHEMA_PARSE_ERROR");
    assert.equal(errorInfo(error).metadata.start_line_number, "1");
    return true;
  });
});

test("a schema that would orphan what is stored is refused", async () => {
  await touch("document:plan#viewer@user:ann");
  await fails(calls.writeSchema(v1.WriteSchemaRequest.create({ schema: "definition user {}" })), INVALID_ARGUMENT,
              "SCHEMA_TYPE_ERROR");
});

test("checks answer at the revision that is asked for", async () => {
  const written = await touch("document:plan#viewer@user:ann");
  assert.equal((await ask("user:ann")).permissionship, Verdict.HAS_PERMISSION);
  await write([[Op.DELETE, "document:plan#viewer@user:ann"]]);
  for (const [consistency, verdict] of [
    [fully, Verdict.NO_PERMISSION],
    [{ requirement: { oneofKind: "minimizeLatency", minimizeLatency: true } }, Verdict.NO_PERMISSION],
    [{ requirement: { oneofKind: "atLeastAsFresh", atLeastAsFresh: written.writtenAt } }, Verdict.NO_PERMISSION],
    [{ requirement: { oneofKind: "atExactSnapshot", atExactSnapshot: written.writtenAt } }, Verdict.HAS_PERMISSION],
    [undefined, Verdict.NO_PERMISSION],
  ]) {
    assert.equal((await ask("user:ann", { consistency })).permissionship, verdict);
  }
});

test("caveats are evaluated with what the question brings", async () => {
  await touch('document:plan#viewer@user:kim[office_hours:{"opens":9}]');
  const open = await ask("user:kim");
  assert.equal(open.permissionship, Verdict.CONDITIONAL_PERMISSION);
  assert.deepEqual(open.partialCaveatInfo.missingRequiredContext, ["hour"]);
  assert.equal((await ask("user:kim", { context: struct({ hour: 12 }) })).permissionship, Verdict.HAS_PERMISSION);
  assert.equal((await ask("user:kim", { context: struct({ hour: 20 }) })).permissionship, Verdict.NO_PERMISSION);
});

test("expiry is told, and a trace when it is asked for", async () => {
  await touch("document:plan#viewer@user:ann[expiration:2099-01-01T00:00:00Z]");
  const answer = await ask("user:ann", { withTracing: true });
  assert.equal(answer.optionalExpiresAt.seconds, String(Date.parse("2099-01-01T00:00:00Z") / 1000));
  assert.equal(answer.debugTrace.schemaUsed, SCHEMA);
  assert.equal(answer.debugTrace.check.permission, "view");
  assert.equal(answer.debugTrace.check.resolution.oneofKind, "subProblems");
});

test("a batch answers in order and keeps errors to their items", async () => {
  await touch("document:plan#viewer@user:ann");
  const item = (permission, who) => ({ resource: object("document:plan"), permission, subject: subject(who) });
  const items = [item("view", "user:ann"), item("vew", "user:ann"), item("view", "user:bob")];
  for (const method of ["checkBulkPermissions", "bulkCheckPermission"]) {
    const request = method === "bulkCheckPermission" ? v1.BulkCheckPermissionRequest : v1.CheckBulkPermissionsRequest;
    const { pairs } = await calls[method](request.create({ items }));
    assert.equal(pairs[0].response.item.permissionship, Verdict.HAS_PERMISSION);
    assert.equal(pairs[1].response.error.code, FAILED_PRECONDITION);
    assert.equal(pairs[2].response.item.permissionship, Verdict.NO_PERMISSION);
  }
});

test("writes hold their preconditions", async () => {
  await touch("document:plan#viewer@user:ann");
  const condition = (operation, who) => ({
    optionalPreconditions: [{
      operation,
      filter: {
        resourceType: "document", optionalRelation: "viewer",
        optionalSubjectFilter: { subjectType: "user", optionalSubjectId: who },
      },
    }],
  });
  const { MUST_MATCH, MUST_NOT_MATCH } = v1.Precondition_Operation;
  await write([[Op.TOUCH, "document:plan#viewer@user:bob"]], condition(MUST_MATCH, "ann"));
  await fails(write([[Op.TOUCH, "document:plan#viewer@user:eve"]], condition(MUST_NOT_MATCH, "ann")),
              FAILED_PRECONDITION, "WRITE_OR_DELETE_PRECONDITION_FAILURE");
  assert.equal((await ask("user:eve")).permissionship, Verdict.NO_PERMISSION);
});

test("errors carry the codes and reasons that the client knows", async () => {
  await touch("document:plan#viewer@user:ann");
  await fails(write([[Op.CREATE, "document:plan#viewer@user:ann"]]), ALREADY_EXISTS,
              "ATTEMPT_TO_RECREATE_RELATIONSHIP");
  await fails(touch("document:plan#view@user:ann"), INVALID_ARGUMENT, "CANNOT_UPDATE_PERMISSION");
  await fails(touch("document:plan#viewer@team:core"), INVALID_ARGUMENT, "INVALID_SUBJECT_TYPE");
  await fails(touch("document:plan#viewer@user:bob", "document:plan#viewer@user:bob"), INVALID_ARGUMENT,
              "UPDATES_ON_SAME_RELATIONSHIP");
  await fails(ask("person:ann"), FAILED_PRECONDITION, "UNKNOWN_DEFINITION");
  await fails(ask("user:ann", { permission: "vew" }), FAILED_PRECONDITION, "UNKNOWN_RELATION_OR_PERMISSION");
  await fails(ask("user:*"), INVALID_ARGUMENT, "WILDCARD_NOT_ALLOWED");
  await assert.rejects(ask("user:ann", { consistency: { requirement: { oneofKind: undefined } } }),
                       (e) => e.code === INVALID_ARGUMENT);
});

test("resources and subjects are looked up in pages at one revision", async () => {
  await touch("document:a#viewer@user:ann", "document:b#viewer@team:core#member", "team:core#member@user:ann",
              "document:c#viewer@user:ann");
  const resources = (more) => collect(client.lookupResources(v1.LookupResourcesRequest.create({
    resourceObjectType: "document", permission: "view", subject: subject("user:ann"), ...more,
  })));
  const first = await resources({ optionalLimit: 2 });
  assert.deepEqual(first.map((found) => found.resourceObjectId), ["a", "b"]);
  await touch("document:d#viewer@user:ann");
  const rest = await resources({ optionalLimit: 2, optionalCursor: first[1].afterResultCursor });
  assert.deepEqual(rest.map((found) => found.resourceObjectId), ["c"]);
  await fails(resources({ permission: "viewer", optionalCursor: first[1].afterResultCursor }), INVALID_ARGUMENT,
              "INVALID_CURSOR");
  await fails(resources({ optionalLimit: 1001 }), INVALID_ARGUMENT, "EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT");

  await touch("document:b#viewer@user:*", "document:b#banned@user:eve");
  const subjects = (more) => calls.lookupSubjects(v1.LookupSubjectsRequest.create({
    resource: object("document:b"), permission: "view", subjectObjectType: "user", ...more,
  }));
  const everybody = await subjects({});
  assert.deepEqual(everybody.map((found) => found.subject.subjectObjectId), ["*", "ann"]);
  assert.deepEqual(everybody[0].excludedSubjects.map((found) => found.subjectObjectId), ["eve"]);
  const named = await subjects({ wildcardOption: v1.LookupSubjectsRequest_WildcardOption.EXCLUDE_WILDCARDS });
  assert.deepEqual(named.map((found) => found.subject.subjectObjectId), ["ann"]);
});

test("a permission is expanded as the schema says it", async () => {
  await touch("document:plan#viewer@user:ann", "document:plan#viewer@team:core#member");
  const { treeRoot } = await calls.expandPermissionTree(v1.ExpandPermissionTreeRequest.create({
    resource: object("document:plan"), permission: "view",
  }));
  assert.equal(treeRoot.expandedRelation, "view");
  const exclusion = treeRoot.treeType.intermediate.children[0].treeType.intermediate;
  assert.equal(exclusion.operation, v1.AlgebraicSubjectSet_Operation.EXCLUSION);
  assert.deepEqual(
    exclusion.children[0].treeType.leaf.subjects.map((s) => s.object.objectId + s.optionalRelation), ["ann", "coremember"]);
});

test("relationships are read in pages and deleted by filter", async () => {
  await touch("document:a#viewer@user:ann", "document:b#viewer@user:ann", "document:b#viewer@user:bob");
  const relationshipFilter = { resourceType: "document" };
  const first = await calls.readRelationships(
    v1.ReadRelationshipsRequest.create({ relationshipFilter, optionalLimit: 2 }));
  assert.equal(first.length, 2);
  const rest = await calls.readRelationships(v1.ReadRelationshipsRequest.create({
    relationshipFilter, optionalCursor: first[1].afterResultCursor,
  }));
  assert.deepEqual(rest.map((row) => row.relationship.subject.object.objectId), ["bob"]);
  await fails(calls.deleteRelationships(v1.DeleteRelationshipsRequest.create({ relationshipFilter, optionalLimit: 1 })),
              INVALID_ARGUMENT, "TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE");
  const part = await calls.deleteRelationships(v1.DeleteRelationshipsRequest.create({
    relationshipFilter, optionalLimit: 1, optionalAllowPartialDeletions: true,
  }));
  assert.equal(part.deletionProgress, v1.DeleteRelationshipsResponse_DeletionProgress.PARTIAL);
  const all = await calls.deleteRelationships(v1.DeleteRelationshipsRequest.create({ relationshipFilter }));
  assert.equal(all.relationshipsDeletedCount, "2");
});

test("many relationships go in and out", async () => {
  const texts = Array.from({ length: 2500 }, (_, i) => `document:d${i}#viewer@user:ann`);
  for (const [imports, exports, In, Out] of [
    ["importBulkRelationships", "exportBulkRelationships", v1.ImportBulkRelationshipsRequest,
     v1.ExportBulkRelationshipsRequest],
    ["bulkImportRelationships", "bulkExportRelationships", v1.BulkImportRelationshipsRequest,
     v1.BulkExportRelationshipsRequest],
  ]) {
    const load = () => new Promise((resolve, reject) => {
      const stream = client[imports]((error, response) => (error ? reject(error) : resolve(response)));
      for (let i = 0; i < texts.length; i += 1000) {
        stream.write(In.create({ relationships: texts.slice(i, i + 1000).map((text) => relationship(text)) }));
      }
      stream.end();
    });
    assert.equal((await load()).numLoaded, "2500");
    await fails(load(), ALREADY_EXISTS, "ATTEMPT_TO_RECREATE_RELATIONSHIP");
    const pages = await collect(client[exports](Out.create({ optionalLimit: 1000, consistency: fully })));
    assert.deepEqual(pages.map((page) => page.relationships.length), [1000, 1000, 500]);
    const rest = await collect(client[exports](Out.create({ optionalCursor: pages[1].afterResultCursor })));
    assert.equal(rest[0].relationships.length, 500);
    await calls.deleteRelationships(
      v1.DeleteRelationshipsRequest.create({ relationshipFilter: { resourceType: "document" } }));
  }
});

test("a watch sees every commit behind its token", async () => {
  const start = await touch("document:a#viewer@user:ann");
  const stream = client.watch(v1.WatchRequest.create({ optionalStartCursor: start.writtenAt }));
  const seen = [];
  const two = new Promise((resolve, reject) => {
    stream.on("data", (response) => seen.push(...response.updates) >= 2 && resolve());
    stream.on("error", reject);
  });
  await write([[Op.CREATE, "document:b#viewer@user:ann"]], { optionalTransactionMetadata: struct({ by: "kim" }) });
  await write([[Op.DELETE, "document:a#viewer@user:ann"]]);
  await two;
  stream.removeAllListeners("error").on("error", () => {});
  stream.cancel();
  assert.deepEqual(seen.map((update) => [update.operation, update.relationship.resource.objectId]),
                   [[Op.TOUCH, "b"], [Op.DELETE, "a"]]);
});

test("the schema can be reflected on", async () => {
  const reflected = await calls.reflectSchema(v1.ReflectSchemaRequest.create());
  assert.deepEqual(reflected.definitions.map((definition) => definition.name), ["user", "team", "document"]);
  const computable = await calls.computablePermissions(
    v1.ComputablePermissionsRequest.create({ definitionName: "document", relationName: "viewer" }));
  assert.deepEqual(computable.permissions.map((reference) => reference.relationName), ["view"]);
  const dependent = await calls.dependentRelations(
    v1.DependentRelationsRequest.create({ definitionName: "document", permissionName: "view" }));
  assert.deepEqual(dependent.relations.map((reference) => reference.relationName), ["banned", "viewer", "member"]);
  const diff = await calls.diffSchema(
    v1.DiffSchemaRequest.create({ comparisonSchema: `${SCHEMA}definition other {}\n` }));
  assert.deepEqual(diff.diffs.map((each) => each.diff.oneofKind), ["definitionAdded"]);
  const counter = v1.ExperimentalCountRelationshipsRequest.create({ name: "all_of_them" });
  await assert.rejects(calls.experimentalCountRelationships(counter), (e) => e.code === UNIMPLEMENTED);
});
