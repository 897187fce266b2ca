// Two steps. Reading brings expressions into a form in which most rewritings are equal already, and
// gives equal ones equal ids. Where ids differ, both are worked out for every combination of the
// things they rest on, 64 combinations at a time:
//
//   a = 1010, b = 1100      a - b = 0010      a - (a & b) = 0010
#include "schema/expression_meaning.h"

#include <algorithm>

#include "schema/text.h"

namespace mandate {

MeaningId Meanings::Intern(Key key, Node node) {
  const auto [found, fresh] = ids_.try_emplace(std::move(key), static_cast<MeaningId>(nodes_.size()));
  if (fresh) nodes_.push_back(std::move(node));
  return found->second;
}

MeaningId Meanings::Thing(std::string_view name, std::vector<MeaningId> of) {
  const auto next = static_cast<uint32_t>(names_.size());
  Key key = {static_cast<uint32_t>(NodeKind::kThing), names_.try_emplace(std::string(name), next).first->second};
  for (MeaningId id : of) key.push_back(static_cast<uint32_t>(id));
  return Intern(std::move(key), {NodeKind::kThing, {}});
}

// Parts of the same kind dissolve in it; order and repetition do not matter.
MeaningId Meanings::Combine(NodeKind kind, std::vector<MeaningId> parts) {
  const MeaningId nobody = Intern({static_cast<uint32_t>(NodeKind::kNobody)}, {NodeKind::kNobody, {}});
  std::vector<MeaningId> flat;
  for (MeaningId part : parts) {
    if (node(part).kind == kind) {
      flat.insert(flat.end(), node(part).parts.begin(), node(part).parts.end());
    } else if (part != nobody) {
      flat.push_back(part);
    } else if (kind == NodeKind::kIntersection) {
      return nobody;
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (flat.empty()) return nobody;
  if (flat.size() == 1) return flat[0];
  Key key = {static_cast<uint32_t>(kind)};
  for (MeaningId id : flat) key.push_back(static_cast<uint32_t>(id));
  return Intern(std::move(key), {kind, std::move(flat)});
}

MeaningId Meanings::Exclude(MeaningId from, std::vector<MeaningId> taken) {
  const MeaningId all_taken = Combine(NodeKind::kUnion, std::move(taken));
  if (node(all_taken).kind == NodeKind::kNobody || node(from).kind == NodeKind::kNobody) return from;
  if (all_taken == from) return Combine(NodeKind::kUnion, {});
  return Intern(
      {static_cast<uint32_t>(NodeKind::kExclusion), static_cast<uint32_t>(from), static_cast<uint32_t>(all_taken)},
      {NodeKind::kExclusion, {from, all_taken}});
}

MeaningId Meanings::ReadOne(const Schema& schema, const Expression& e, const std::vector<MeaningId>& read) {
  const auto of = [&](ExprId id) { return read[static_cast<size_t>(id)]; };
  std::vector<MeaningId> parts;
  switch (e.op) {
    case Op::kRelation:
    case Op::kPermission: return Thing(schema.member(e.member).name, {});
    case Op::kNil: return Combine(NodeKind::kUnion, {});
    case Op::kSelf: return Thing("", {});
    case Op::kUnion:
    case Op::kIntersection:
      for (ExprId child : e.children) parts.push_back(of(child));
      return Combine(e.op == Op::kUnion ? NodeKind::kUnion : NodeKind::kIntersection, std::move(parts));
    case Op::kExclusion: {
      // `a - b - c` takes away both at once: read from its last operand, not one by one.
      const Expression* left = &e;
      for (; left->op == Op::kExclusion; left = &schema.expression(left->children[0]))
        parts.push_back(of(left->children[1]));
      return Exclude(of(static_cast<ExprId>(left - schema.expressions().data())), std::move(parts));
    }
    case Op::kArrowAny:
    case Op::kArrowAll: break;
  }
  // Types without the target, or where it is nobody, contribute nothing either way.
  for (const ArrowTarget& target : e.targets) {
    if (node(of(target.expr)).kind != NodeKind::kNobody) parts.push_back(of(target.expr));
  }
  if (parts.empty()) return Combine(NodeKind::kUnion, {});
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return Thing(Cat(schema.member(e.member).name, e.op == Op::kArrowAny ? "->" : ".all"), std::move(parts));
}

// Apart from roots, which stand for themselves, what an expression is made of comes before it.
std::vector<MeaningId> Meanings::Read(const Schema& schema) {
  const auto expressions = schema.expressions();
  std::vector<MeaningId> read(expressions.size(), MeaningId::kUnread);
  std::vector<bool> continues(expressions.size(), false);  // `a - b` in `a - b - c`.
  for (const Member& member : schema.members()) {
    const Expression& root = schema.expression(member.root);
    read[static_cast<size_t>(member.root)] = ReadOne(schema, root, read);
  }
  for (const Expression& e : expressions) {
    if (e.op == Op::kExclusion) continues[static_cast<size_t>(e.children[0])] = true;
  }
  for (size_t i = 0; i < expressions.size(); ++i) {
    const bool is_inner = continues[i] && expressions[i].op == Op::kExclusion;
    if (read[i] == MeaningId::kUnread && !is_inner) read[i] = ReadOne(schema, expressions[i], read);
  }
  return read;
}

// Everything that `a` and `b` are made of, parts before what is made of them; empty if that is too
// much.
std::vector<MeaningId> Meanings::PartsBelow(MeaningId a, MeaningId b) const {
  absl::flat_hash_map<MeaningId, bool> seen = {{a, true}, {b, true}};
  std::vector<MeaningId> below = {a, b};
  size_t things = 0;
  for (size_t i = 0; i < below.size(); ++i) {
    if (node(below[i]).kind == NodeKind::kThing) ++things;
    if (things > kThingsMax || below.size() > kPartsMax) return {};
    for (MeaningId part : node(below[i]).parts) {
      if (seen.try_emplace(part, true).second) below.push_back(part);
    }
  }
  std::sort(below.begin(), below.end());
  return below;
}

bool Meanings::AreSame(MeaningId a, MeaningId b) const {
  if (a == b) return true;
  constexpr size_t kWords = (size_t{1} << kThingsMax) / 64;
  constexpr uint64_t kPatterns[] = {0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0,
                                    0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};
  absl::flat_hash_map<MeaningId, Table> tables;
  size_t things = 0;
  for (MeaningId id : PartsBelow(a, b)) {
    const Node& n = node(id);
    Table table(kWords, 0);
    for (size_t word = 0; word < kWords; ++word) {
      if (n.kind == NodeKind::kThing) {
        table[word] = things < 6 ? kPatterns[things] : (word >> (things - 6) & 1) != 0 ? ~0ull : 0;
        continue;
      }
      for (size_t i = 0; i < n.parts.size(); ++i) {
        const uint64_t part = tables[n.parts[i]][word];
        if (i == 0) table[word] = part;
        if (n.kind == NodeKind::kUnion) table[word] |= part;
        if (n.kind == NodeKind::kIntersection) table[word] &= part;
        if (n.kind == NodeKind::kExclusion && i > 0) table[word] &= ~part;
      }
    }
    if (n.kind == NodeKind::kThing) ++things;
    tables[id] = std::move(table);
  }
  return !tables.empty() && tables[a] == tables[b];
}

}  // namespace mandate
