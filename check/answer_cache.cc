// Why an answer that is kept is the one that evaluating anew would give.
//
// An answer is a function of the question with its limits, the schema, the relationships that were read, and the
// moment. The key holds the first two. Every read of the evaluation went through a CachedSnapshot, which noted a slot
// for it, or that there is none for it (facts and the ledger: rules over time), and then nothing is kept. While no mark
// of these slots rises, each read would see the same (change_marks.cc), so that the evaluation, which is deterministic,
// would make the same reads and come to the same answer. The moment enters through one comparison, whether a
// relationship that was read has expired: until the first of those that had not does, and not before the moment of the
// evaluation, each comes out the same. Context that the caller sends is part of the key.
//
// An evaluator that serves several questions keeps what it found out for the first; the reads of all of them are noted
// together, which is more than the answer rests on and never less.
#include "check/answer_cache.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "schema/text.h"

namespace mandate {
namespace {

// Parts one after the other, each told from the next whatever is in it. A key is made for every question, most of which
// are answered from it alone: so its size is reckoned first, and it is written in one go.
class KeyWriter {
 public:
  // REQUIRES: `key` outlives it, and has exactly the bytes that will be written.
  explicit KeyWriter(std::string* key) : at_(key->data()), end_(at_ + key->size()) {}
  ~KeyWriter() { assert(at_ == end_); }

  static constexpr size_t kNumber = sizeof(uint64_t);
  static size_t Size(std::string_view text) { return sizeof(uint32_t) + text.size(); }
  static size_t Size(const ObjectRef& object) { return Size(object.type) + Size(object.id); }
  static size_t Size(const SubjectRef& subject) {
    return Size(subject.type) + Size(subject.id) + Size(subject.relation);
  }
  static size_t Size(const std::optional<ObjectRef>& object) { return kNumber + (object ? Size(*object) : 0); }

  void Number(uint64_t value) { Bytes(&value, sizeof(value)); }
  void Text(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    Bytes(&size, sizeof(size));
    Bytes(text.data(), text.size());
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
  void Bytes(const void* from, size_t size) {
    if (size > 0) std::memcpy(at_, from, size);
    at_ += size;
  }
  char* at_;
  const char* const end_;
};

// What a question has besides the plain one.
size_t DelegatedSize(const CheckQuestion& question) {
  size_t size = 3 * KeyWriter::kNumber + KeyWriter::Size(question.task) + KeyWriter::Size(question.claims.principal) +
                KeyWriter::Size(question.claims.agent) + KeyWriter::Size(question.parameter_digest);
  for (const ObjectRef& agent : question.claims.chain) size += KeyWriter::Size(agent);
  for (const SubjectRef& member : question.audience) size += KeyWriter::Size(member);
  return size;
}

size_t BytesOf(const Answer& answer) {
  size_t bytes = sizeof(Answer) + answer.reason_at.size();
  for (const std::string& name : answer.missing_context) bytes += sizeof(name) + name.size();
  if (answer.lineage) {
    bytes += answer.lineage->hops.size() * 512 + answer.lineage->edges.size() * 512;
  }
  return bytes;
}

}  // namespace

void AnswerKey(const CheckQuestion& question, Revision schema_revision, size_t chain_agents_max, std::string* key) {
  key->clear();
  if (question.explain || !question.contextual.empty()) return;
  const bool plain = !question.task && question.claims.empty() && question.audience.empty() &&
                     question.parameter_digest.empty() && !question.lineage;
  key->resize(2 * KeyWriter::kNumber + KeyWriter::Size(question.resource) + KeyWriter::Size(question.permission) +
              KeyWriter::Size(question.subject) + KeyWriter::Size(question.context) +
              (plain ? 0 : DelegatedSize(question)));
  KeyWriter writer(key);
  writer.Number(schema_revision.value());
  writer.Number(chain_agents_max);
  writer.Object(question.resource);
  writer.Text(question.permission);
  writer.Subject(question.subject);
  writer.Text(question.context);
  if (plain) return;
  writer.Number(question.lineage);
  writer.Maybe(question.task);
  writer.Maybe(question.claims.principal);
  writer.Maybe(question.claims.agent);
  writer.Number(question.claims.chain.size());
  for (const ObjectRef& agent : question.claims.chain) writer.Object(agent);
  writer.Number(question.audience.size());
  for (const SubjectRef& member : question.audience) writer.Subject(member);
  writer.Text(question.parameter_digest);
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
