// world.mjs: a random world from a seed: a schema, relationships that it allows, and questions.
//
//   const world = randomWorld(seed);      // the same seed is the same world
//
// It keeps to what both databases take for a schema: no wildcard that is reached through a subject set or an arrow, and no
// permission that is only another name of itself. And to data without circles: there SpiceDB ends in an error of depth, or
// in no useful time (docs/compatibility.md).

// mulberry32: small, and good enough to choose with.
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count) => Math.floor(next() * count);
  return { below, chance: (of) => next() < of, pick: (list) => list[below(list.length)] };
}

const RELATIONS = ["viewer", "editor", "banned"];

// One operand of a permission: a relation or an earlier permission of its type, or an arrow.
function operand(random, names, arrows) {
  if (arrows.length > 0 && random.chance(0.3)) {
    const [relation, target] = random.pick(arrows);
    return random.pick([`${relation}->${target}`, `${relation}.any(${target})`, `${relation}.all(${target})`]);
  }
  return random.chance(0.04) ? "nil" : random.pick(names);
}

function expression(random, names, arrows, depth) {
  if (depth === 0 || random.chance(0.3)) return operand(random, names, arrows);
  const sides = [expression(random, names, arrows, depth - 1), expression(random, names, arrows, depth - 1)];
  return `(${sides.join(random.pick([" + ", " + ", " & ", " - "]))})`;
}

function definition(random, type, parent) {
  const relations = RELATIONS.map((name) => {
    const types = ["user"];
    if (random.chance(0.5)) types.push("group#member");
    if (type === "document" && random.chance(0.4)) types.push("user:*");
    if (random.chance(0.4)) types.push("user with bounded");
    return { name, types };
  });
  relations.push({ name: "parent", types: [parent] });
  const names = RELATIONS.slice();
  const lines = relations.map(({ name, types }) => `  relation ${name}: ${types.join(" | ")}`);
  const permissions = [];
  for (const name of ["view", "edit", "share"]) {
    // Recursion goes through the parent alone, to the permission of the same name or to a relation.
    const arrows = parent === type ? [["parent", name], ["parent", "viewer"]]
                                   : [["parent", "view"], ["parent", "edit"], ["parent", "editor"]];
    lines.push(`  permission ${name} = ${expression(random, names, arrows, 2)}`);
    names.push(name);
    permissions.push(name);
  }
  return { type, relations, permissions, text: `definition ${type} {\n${lines.join("\n")}\n}\n` };
}

export function randomWorld(seed) {
  const random = generator(seed);
  const ids = (prefix, count) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
  const objects = { user: ids("u", 4), group: ids("g", 3), folder: ids("f", 4), document: ids("d", 3) };
  const folder = definition(random, "folder", "folder");
  const document = definition(random, "document", "folder");
  const schema = [
    "caveat bounded(n int, most int) {\n  n <= most\n}\n",
    "definition user {}\n",
    "definition group {\n  relation member: user | group#member\n}\n",
    folder.text,
    document.text,
  ].join("\n");
  const relations = [
    { type: "group", name: "member", types: ["user", "user", "group#member"] },
    ...[folder, document].flatMap(({ type, relations }) => relations.map((each) => ({ type, ...each }))),
  ];
  const rows = new Map();
  for (let i = 0, count = 5 + random.below(20); i < count; ++i) {
    const { type, name, types } = random.pick(relations);
    const [subjectType, ...traits] = random.pick(types).split(" with ");
    const [of, relation] = subjectType.split("#");
    const id = random.pick(objects[type]);
    const inner = of === type ? objects[of].filter((other) => other > id) : objects[of] ?? [];
    if (of === type && inner.length === 0) continue;
    const subject = of.endsWith(":*") ? of : `${of}:${random.pick(inner)}`;
    const row = `${type}:${id}#${name}@${subject}${relation ? `#${relation}` : ""}`;
    // A stored value wins over that of a question, and may be all that is needed.
    const stored = random.pick(["", ':{"most":5}', ':{"most":5,"n":9}', ':{"n":3}']);
    rows.set(row, traits.length > 0 ? `${row}[bounded${stored}]` : row);
  }
  const questions = [];
  for (const { type, permissions } of [folder, document]) {
    for (const permission of [...permissions, "viewer"]) {
      for (const id of objects[type]) {
        for (const subject of [...objects.user.map((user) => `user:${user}`), "group:g0#member"]) {
          questions.push({ resource: `${type}:${id}`, permission, subject });
        }
      }
    }
  }
  const context = random.pick([undefined, { n: 3 }, { n: 3, most: 2 }, { most: 4 }]);
  return { seed, schema, rows: [...rows.values()], questions, context, objects };
}

// Requests that are wrong, each in one way; `stored` is a relationship that is there.
export function wrongWrites(stored) {
  return [
    ["TOUCH", "paper:d0#viewer@user:u0"],
    ["TOUCH", "document:d0#viewr@user:u0"],
    ["TOUCH", "document:d0#view@user:u0"],
    ["TOUCH", "document:d0#viewer@person:u0"],
    ["TOUCH", "document:d0#viewer@group:g0"],
    ["TOUCH", "document:d0#viewer@group:g0#boss"],
    ["TOUCH", "folder:f0#viewer@user:*"],
    ["TOUCH", "folder:f0#parent@folder:f1[bounded]"],
    ["TOUCH", "folder:f0#parent@folder:f1[no_such_caveat]"],
    ["TOUCH", "document:d 0#viewer@user:u0"],
    ["TOUCH", "document:*#viewer@user:u0"],
    ...(stored ? [["CREATE", stored]] : []),
  ];
}

export const WRONG_QUESTIONS = [
  { resource: "paper:d0", permission: "view", subject: "user:u0" },
  { resource: "document:d0", permission: "vew", subject: "user:u0" },
  { resource: "document:d0", permission: "", subject: "user:u0" },
  { resource: "document:d0", permission: "view", subject: "person:u0" },
  { resource: "document:d0", permission: "view", subject: "group:g0#boss" },
  { resource: "document:d0", permission: "view", subject: "user:*" },
  { resource: "document:*", permission: "view", subject: "user:u0" },
];
