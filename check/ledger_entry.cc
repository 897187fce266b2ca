#include "check/ledger_entry.h"

#include <algorithm>

#include "nlohmann/json.hpp"
#include "schema/text.h"

namespace mandate {
namespace {

using Json = nlohmann::json;

std::string TimeText(absl::Time time) { return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone()); }

bool ReadTime(const std::string& text, absl::Time* time) {
  std::string error;
  return absl::ParseTime(absl::RFC3339_full, text, time, &error);
}

std::string_view MarkName(Mark mark) {
  switch (mark) {
    case Mark::kNo: return "no";
    case Mark::kOpen: return "open";
    case Mark::kYes: return "yes";
  }
  return "no";
}

void PutText(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}
void PutObject(Json& json, const char* key, const std::optional<ObjectRef>& object) {
  if (object) json[key] = ToText(*object);
}
template <typename Values, typename ToJsonValue>
void PutList(Json& json, const char* key, const Values& values, const ToJsonValue& to_json) {
  for (const auto& value : values) json[key].push_back(to_json(value));
}
const auto kAsItIs = [](const auto& value) { return value; };
const auto kAsText = [](const auto& value) { return ToText(value); };

void PutLineage(Json& json, const Lineage& lineage) {
  Json chain = Json::array();
  for (const Lineage::Hop& hop : lineage.hops) {
    Json out = {{"agent", ToText(hop.agent)}, {"task", ToText(hop.task)}};
    PutObject(out, "delegator", hop.delegator);
    chain.push_back(std::move(out));
  }
  json["chain"] = std::move(chain);
  PutObject(json, "principal", lineage.principal);
  PutList(json, "edges", lineage.edges, [](const Lineage::StoredEdge& edge) {
    return Json{
        {"relationship", ToText(edge.relationship)}, {"written", edge.written.value()}, {"born", edge.born.value()}};
  });
}

// What is asked and what is kept of it: that in which the actions of a plan differ.
void PutAction(Json& json, const LedgerEntry& entry) {
  json["resource"] = ToText(entry.resource);
  json["permission"] = entry.permission;
  PutText(json, "parameter_digest", entry.parameter_digest);
  if (!entry.context.empty()) json["context"] = Json::parse(entry.context, nullptr, false);
  PutList(json, "audience", entry.audience, kAsText);
  if (entry.valid_until != absl::InfiniteFuture()) json["valid_until"] = TimeText(entry.valid_until);
  for (const auto& [permission, mark] : entry.marks) json["marks"][permission] = MarkName(mark);
  PutList(json, "approvals", entry.approvals, kAsItIs);
}

// Reads keys of one object; the first that is wrong is remembered.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::string Text(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return "";
    if (!value->is_string()) Fail(key);
    return value->is_string() ? value->get<std::string>() : "";
  }
  uint64_t Number(const char* key, uint64_t absent = 0) {
    const Json* value = Find(key);
    if (value == nullptr) return absent;
    if (!value->is_number_unsigned()) Fail(key);
    return value->is_number_unsigned() ? value->get<uint64_t>() : absent;
  }
  absl::Time Time(const char* key, absl::Time absent) {
    const std::string text = Text(key);
    absl::Time time = absent;
    if (!text.empty() && !ReadTime(text, &time)) Fail(key);
    return time;
  }
  std::optional<ObjectRef> Object(const char* key) {
    const std::string text = Text(key);
    if (text.empty()) return std::nullopt;
    auto object = ParseObject(text);
    if (object.ok()) return *std::move(object);
    Fail(key);
    return std::nullopt;
  }
  std::optional<SubjectRef> Subject(const char* key) {
    const std::string text = Text(key);
    if (text.empty()) return std::nullopt;
    auto subject = ParseSubject(text);
    if (subject.ok()) return *std::move(subject);
    Fail(key);
    return std::nullopt;
  }
  std::vector<std::string> Texts(const char* key) {
    std::vector<std::string> texts;
    for (const Json& value : List(key)) {
      if (value.is_string())
        texts.push_back(value.get<std::string>());
      else
        Fail(key);
    }
    return texts;
  }
  std::vector<uint64_t> Numbers(const char* key) {
    std::vector<uint64_t> numbers;
    for (const Json& value : List(key)) {
      if (value.is_number_unsigned())
        numbers.push_back(value.get<uint64_t>());
      else
        Fail(key);
    }
    return numbers;
  }
  // The array under `key`; empty when there is none.
  const Json& List(const char* key) {
    static const Json& none = *new Json(Json::array());
    const Json* value = Find(key);
    if (value != nullptr && !value->is_array()) Fail(key);
    return value != nullptr && value->is_array() ? *value : none;
  }
  // Whatever is under `key`, as JSON; empty when there is nothing.
  std::string Raw(const char* key) const {
    const Json* value = Find(key);
    return value == nullptr ? "" : value->dump();
  }
  const Json& Map(const char* key) {
    static const Json& none = *new Json(Json::object());
    const Json* value = Find(key);
    if (value != nullptr && !value->is_object()) Fail(key);
    return value != nullptr && value->is_object() ? *value : none;
  }
  bool Has(const char* key) const { return json_.contains(key); }
  void Fail(const char* key) {
    if (wrong_.empty()) wrong_ = key;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const Json* Find(const char* key) const {
    auto it = json_.find(key);
    return it == json_.end() ? nullptr : &*it;
  }
  const Json& json_;
  std::string wrong_;
};

Lineage ReadLineage(Reader& reader) {
  Lineage lineage;
  for (const Json& value : reader.List("chain")) {
    Reader hop(value);
    auto agent = hop.Object("agent");
    auto task = hop.Object("task");
    if (!agent || !task) {
      reader.Fail("chain");
      break;
    }
    lineage.hops.push_back({*agent, *task, hop.Object("delegator")});
  }
  lineage.principal = reader.Object("principal");
  for (const Json& value : reader.List("edges")) {
    Reader edge(value);
    auto relationship = ParseRelationship(edge.Text("relationship"));
    if (!relationship.ok()) {
      reader.Fail("edges");
      break;
    }
    lineage.edges.push_back(
        {*std::move(relationship), Revision(edge.Number("written")), Revision(edge.Number("born"))});
  }
  return lineage;
}

void ReadAction(Reader& reader, LedgerEntry* entry) {
  if (auto resource = reader.Object("resource"))
    entry->resource = *std::move(resource);
  else
    reader.Fail("resource");
  entry->permission = reader.Text("permission");
  entry->parameter_digest = reader.Text("parameter_digest");
  entry->context = reader.Raw("context");
  for (const std::string& member : reader.Texts("audience")) {
    auto subject = ParseSubject(member);
    if (subject.ok())
      entry->audience.push_back(*std::move(subject));
    else
      reader.Fail("audience");
  }
  entry->valid_until = reader.Time("valid_until", absl::InfiniteFuture());
  for (const auto& [permission, mark] : reader.Map("marks").items()) {
    entry->marks[permission] = mark == "yes" ? Mark::kYes : mark == "open" ? Mark::kOpen : Mark::kNo;
  }
  entry->approvals = reader.Numbers("approvals");
}

// What the actions before a refused one share with it is said once. REQUIRES: the rest of `entry` was read.
void ReadBefore(Reader& reader, LedgerEntry* entry) {
  for (const Json& value : reader.List("before")) {
    Reader action(value);
    LedgerEntry earlier{.at = entry->at,
                        .revision = entry->revision,
                        .root = entry->root,
                        .session = entry->session,
                        .task_claim = entry->task_claim,
                        .claims = entry->claims,
                        .idempotency_key = entry->idempotency_key,
                        .batch_index = static_cast<uint32_t>(entry->before.size()),
                        .batch_size = entry->batch_size,
                        .decision = Decision::kAllowed,
                        .lineage = action.Has("chain") ? ReadLineage(action) : entry->lineage};
    ReadAction(action, &earlier);
    if (!action.wrong().empty()) reader.Fail("before");
    entry->before.push_back(std::move(earlier));
  }
  if (!entry->before.empty() && entry->before.size() != entry->batch_index) reader.Fail("before");
}

template <typename Value>
Value ByName(Reader& reader, const char* key, std::string_view (*name_of)(Value), int last) {
  const std::string name = reader.Text(key);
  for (int i = 0; i <= last; ++i) {
    if (name_of(static_cast<Value>(i)) == name) return static_cast<Value>(i);
  }
  reader.Fail(key);
  return Value{};
}

}  // namespace

std::string_view EntryKindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kAuthorize: return "authorize";
    case EntryKind::kApprove: return "approve";
    case EntryKind::kRetire: return "retire";
  }
  return "";
}

std::string ToJson(const LedgerEntry& entry) {
  Json json = {{"sequence", entry.sequence},
               {"kind", EntryKindName(entry.kind)},
               {"at", TimeText(entry.at)},
               {"revision", entry.revision.value()},
               {"root", entry.root}};
  if (entry.kind == EntryKind::kRetire) {
    PutList(json, "retired", entry.retired, kAsItIs);
    return json.dump();
  }
  PutAction(json, entry);
  if (entry.kind == EntryKind::kApprove) {
    json["approver"] = ToText(*entry.approver);
    PutList(json, "held", entry.held, kAsItIs);
    if (entry.expires_at != absl::InfiniteFuture()) json["expires_at"] = TimeText(entry.expires_at);
    return json.dump();
  }
  PutObject(json, "session", entry.session);
  PutObject(json, "claimed_task", entry.task_claim);
  PutObject(json, "claimed_principal", entry.claims.principal);
  PutObject(json, "claimed_agent", entry.claims.agent);
  PutList(json, "claimed_chain", entry.claims.chain, kAsText);
  PutText(json, "idempotency_key", entry.idempotency_key);
  if (entry.batch_size > 1) {
    json["batch_index"] = entry.batch_index;
    json["batch_size"] = entry.batch_size;
  }
  json["decision"] = DecisionName(entry.decision);
  PutText(json, "reason", std::string(ReasonName(entry.reason)));
  PutText(json, "reason_at", entry.reason_at);
  PutList(json, "missing_context", entry.missing_context, kAsItIs);
  if (entry.lineage) PutLineage(json, *entry.lineage);
  PutList(json, "before", entry.before, [&](const LedgerEntry& earlier) {
    Json action;
    PutAction(action, earlier);
    if (earlier.lineage && earlier.lineage != entry.lineage) PutLineage(action, *earlier.lineage);
    return action;
  });
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<LedgerEntry> EntryFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return absl::DataLossError("a ledger entry is no JSON object");
  Reader reader(json);
  LedgerEntry entry;
  entry.sequence = reader.Number("sequence");
  entry.kind = ByName(reader, "kind", &EntryKindName, static_cast<int>(EntryKind::kRetire));
  entry.at = reader.Time("at", absl::UnixEpoch());
  entry.revision = Revision(reader.Number("revision"));
  entry.root = reader.Text("root");
  entry.retired = reader.Numbers("retired");
  if (entry.kind != EntryKind::kRetire) ReadAction(reader, &entry);
  if (entry.kind == EntryKind::kApprove) {
    entry.approver = reader.Subject("approver");
    if (!entry.approver) reader.Fail("approver");
    entry.held = reader.Texts("held");
    entry.expires_at = reader.Time("expires_at", absl::InfiniteFuture());
  }
  if (entry.kind == EntryKind::kAuthorize) {
    entry.session = reader.Object("session");
    entry.task_claim = reader.Object("claimed_task");
    entry.claims.principal = reader.Object("claimed_principal");
    entry.claims.agent = reader.Object("claimed_agent");
    for (const std::string& agent : reader.Texts("claimed_chain")) {
      auto object = ParseObject(agent);
      if (object.ok())
        entry.claims.chain.push_back(*std::move(object));
      else
        reader.Fail("claimed_chain");
    }
    entry.idempotency_key = reader.Text("idempotency_key");
    entry.batch_index = static_cast<uint32_t>(reader.Number("batch_index"));
    entry.batch_size = static_cast<uint32_t>(reader.Number("batch_size", 1));
    entry.decision = ByName(reader, "decision", &DecisionName, static_cast<int>(Decision::kAllowed));
    entry.reason = ByName(reader, "reason", &ReasonName, static_cast<int>(kLastReason));
    entry.reason_at = reader.Text("reason_at");
    entry.missing_context = reader.Texts("missing_context");
    if (reader.Has("chain")) entry.lineage = ReadLineage(reader);
    ReadBefore(reader, &entry);
  }
  if (reader.wrong().empty()) return entry;
  return absl::DataLossError(Cat("the ledger entry ", entry.sequence, " has no valid `", reader.wrong(), "`"));
}

std::vector<std::string> TermsOf(const LedgerEntry& entry) {
  std::vector<std::string> terms = {Cat("root ", entry.root), Cat("kind ", EntryKindName(entry.kind))};
  if (entry.kind == EntryKind::kRetire) return terms;
  terms.push_back(Cat("resource ", ToText(entry.resource)));
  if (entry.kind == EntryKind::kApprove) return terms;
  terms.push_back(Cat("decision ", DecisionName(entry.decision)));
  if (entry.session) terms.push_back(Cat("session ", ToText(*entry.session)));
  if (entry.lineage) {
    for (const Lineage::Hop& hop : entry.lineage->hops) {
      terms.push_back(Cat("agent ", ToText(hop.agent)));
      terms.push_back(Cat("task ", ToText(hop.task)));
    }
    if (entry.lineage->principal) {
      terms.push_back(Cat("principal ", ToText(*entry.lineage->principal)));
    }
  }
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

}  // namespace mandate
