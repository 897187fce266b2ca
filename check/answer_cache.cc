// Why an answer that is kept is the one that evaluating anew would give.
//
// An answer is a function of the question with its limits, the schema, the relationships that were read, and the moment.
// The key holds the first two. Every read of the evaluation went through a CachedSnapshot, which noted a slot for it, or
// that there is none for it (facts and the ledger: rules over time), and then nothing is kept. While no mark of these
// slots rises, each read would see the same (change_marks.cc), so that the evaluation, which is deterministic, would make
// the same reads and come to the same answer. The moment enters through one comparison, whether a relationship that was
// read has expired: until the first of those that had not does, and not before the moment of the evaluation, each comes
// out the same. Context that the caller sends is part of the key.
//
// An evaluator that serves several questions keeps what it found out for the first; the reads of all of them are noted
// together, which is more than the answer rests on and never less.
#include "check/answer_cache.h"

#include <algorithm>

#include "schema/text.h"

namespace mandate {
namespace {

// Parts one after the other, each told from the next whatever is in it.
class KeyWriter {
 public:
  explicit KeyWriter(std::string* key) : key_(*key) {}
  void Number(uint64_t value) { key_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void Text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    key_.append(reinterpret_cast<const char*>(&size), sizeof(size));
    key_.append(text);
  }
  void Object(const ObjectRef& object) {
    Text(object.type);
    Text(object.id);
  }
  void Subject(const SubjectRef& subject) {
    Text(subject.type);
    Text(subject.id);
    Text(subject.relation);
  }
  void Maybe(const std::optional<ObjectRef>& object) {
    Number(object.has_value());
    if (object) Object(*object);
  }

 private:
  std::string& key_;
};

size_t BytesOf(const Answer& answer) {
  size_t bytes = sizeof(Answer) + answer.reason_at.size();
  for (const std::string& name : answer.missing_context) bytes += sizeof(name) + name.size();
  if (answer.lineage) {
    bytes += answer.lineage->hops.size() * 512 + answer.lineage->edges.size() * 512;
  }
  return bytes;
}

}  // namespace

std::string AnswerKey(const CheckQuestion& question, Revision schema_revision, size_t chain_agents_max) {
  std::string key;
  if (question.explain || !question.contextual.empty()) return key;
  key.reserve(160);
  KeyWriter writer(&key);
  writer.Number(schema_revision.value());
  writer.Number(chain_agents_max);
  writer.Object(question.resource);
  writer.Text(question.permission);
  writer.Subject(question.subject);
  writer.Text(question.context);
  const bool plain = !question.task && question.claims.empty() && question.audience.empty() &&
                     question.parameter_digest.empty() && !question.lineage;
  if (plain) return key;
  writer.Number(question.lineage);
  writer.Maybe(question.task);
  writer.Maybe(question.claims.principal);
  writer.Maybe(question.claims.agent);
  writer.Number(question.claims.chain.size());
  for (const ObjectRef& agent : question.claims.chain) writer.Object(agent);
  writer.Number(question.audience.size());
  for (const SubjectRef& member : question.audience) writer.Subject(member);
  writer.Text(question.parameter_digest);
  return key;
}

std::optional<Answer> AnswerCache::Get(std::string_view key, const Snapshot& snapshot, absl::Time now) const {
  const auto entry = answers_.Get(key);
  if (!entry || now < entry->from || now >= entry->until) return std::nullopt;
  const Revision at = snapshot.revision();
  const Revision then(entry->holds_at.load(std::memory_order_acquire));
  if (then != at) {
    const ChangeMarks& marks = snapshot.read_cache()->marks();
    for (ChangeMarks::Slot slot : entry->slots) {
      if (!marks.Holds(slot, then, at)) return std::nullopt;
    }
    if (then < at) entry->holds_at.store(at.value(), std::memory_order_release);
  }
  return entry->answer;
}

void AnswerCache::Put(std::string_view key, const Snapshot& snapshot, absl::Time now, const Reads& reads,
                      const Answer& answer) {
  if (!reads.complete()) return;
  auto entry = std::make_unique<Entry>();
  entry->answer = answer;
  entry->answer.steps = 0;  // Which is what it costs from here on.
  entry->slots = reads.slots();
  std::sort(entry->slots.begin(), entry->slots.end());
  entry->slots.erase(std::unique(entry->slots.begin(), entry->slots.end()), entry->slots.end());
  entry->slots.shrink_to_fit();
  entry->from = now;
  entry->until = reads.steady_until();
  entry->holds_at.store(snapshot.revision().value(), std::memory_order_relaxed);
  const size_t bytes = sizeof(Entry) + BytesOf(answer) + entry->slots.size() * sizeof(ChangeMarks::Slot);
  answers_.Put(key, std::move(entry), bytes);
}

}  // namespace mandate
