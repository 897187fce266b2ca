// The YAML of a mapping. Its form has a fixed depth, and aliases are refused: a short text could stand for a huge one.
#include <functional>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "schema/text.h"
#include "tools/sync/mapping.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/yaml.h"

namespace mandate {
namespace {

// Looks at the events of a text alone, before anything is made of them.
class AliasFinder : public YAML::EventHandler {
 public:
  int line() const { return line_; }  // Of the first anchor or alias; 0: there is none.
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { See(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { See(mark, anchor); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    See(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    See(mark, anchor);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    See(mark, anchor);
  }
  void OnMapEnd() override {}

 private:
  void See(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor && line_ == 0) line_ = mark.line + 1;
  }
  int line_ = 0;
};

class MappingReader {
 public:
  explicit MappingReader(const std::string& path) : path_(path) {}

  absl::StatusOr<Mapping> Read(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    AliasFinder aliases;
    parser.HandleNextDocument(aliases);
    if (aliases.line() > 0) return Error(aliases.line(), "a mapping has no anchors (`&name`) and no aliases (`*name`)");
    const YAML::Node root = YAML::Load(text);
    Mapping mapping;
    absl::Status status = ReadMap(
        root, 1,
        {{"domain",
          [&](const YAML::Node& node) {
            return ReadList(node, "domain", [&](const YAML::Node& part) {
              return ReadDomainPart(part, &mapping.domain.emplace_back());
            });
          }},
         {"outside", [&](const YAML::Node& node) { return ReadChoice(node, "outside", &mapping.leave_out_outside); }},
         {"entries", [&](const YAML::Node& node) {
            return ReadList(node, "entries",
                            [&](const YAML::Node& rule) { return ReadRule(rule, &mapping.entries.emplace_back()); });
          }}});
    if (!status.ok()) return status;
    if (mapping.domain.empty()) {
      return Error(1, "a mapping has a `domain`: the relationships that the sync may change and delete");
    }
    return mapping;
  }

 private:
  using Visit = std::function<absl::Status(const YAML::Node&)>;
  struct Part {
    const char* key;
    Visit read;
  };

  absl::Status Error(int line, std::string_view message) const {
    return InvalidArgument(Cat(path_, ":", line, ": ", message));
  }
  absl::Status Error(const YAML::Node& node, std::string_view message) const {
    return Error(node.Mark().line + 1, message);
  }
  // An error of a value, at its place.
  absl::Status At(const YAML::Node& node, const absl::Status& status) const {
    return status.ok() ? status : Error(node, StdView(status.message()));
  }

  // Each entry by the part of its key; no others, and none twice.
  absl::Status ReadMap(const YAML::Node& map, int line, const std::vector<Part>& parts) const {
    std::string keys;
    for (const Part& part : parts) keys += Cat(keys.empty() ? "" : ", ", part.key);
    if (!map.IsMap()) return Error(line, Cat("here stands a map of ", keys));
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) return Error(entry.first, "a key is a word");
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) return Error(entry.first, Cat(Quote(key), " comes twice"));
      const Part* found = nullptr;
      for (const Part& part : parts) {
        if (key == part.key) found = &part;
      }
      if (found == nullptr) return Error(entry.first, Cat("unknown key ", Quote(key), "; allowed: ", keys));
      if (absl::Status status = found->read(entry.second); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadList(const YAML::Node& node, const char* key, const Visit& visit) const {
    if (!node.IsSequence()) return Error(node, Cat("`", key, "` takes a list"));
    for (const YAML::Node& each : node) {
      if (absl::Status status = visit(each); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadText(const YAML::Node& node, const char* key, std::string* text) const {
    if (!node.IsScalar() || node.Scalar().empty()) return Error(node, Cat("`", key, "` takes text"));
    *text = node.Scalar();
    return absl::OkStatus();
  }

  // Text, or a list of it.
  absl::Status ReadTexts(const YAML::Node& node, const char* key, std::vector<std::string>* texts) const {
    if (!node.IsSequence()) return ReadText(node, key, &texts->emplace_back());
    return ReadList(node, key, [&](const YAML::Node& each) { return ReadText(each, key, &texts->emplace_back()); });
  }

  absl::Status ReadAttribute(const YAML::Node& node, const char* key, std::string* name) const {
    absl::Status status = ReadText(node, key, name);
    absl::AsciiStrToLower(name);
    return status;
  }

  absl::Status ReadType(const YAML::Node& node, std::string* type) const {
    absl::Status status = ReadText(node, "type", type);
    return status.ok() ? At(node, ValidateTypeName(*type)) : status;
  }

  absl::Status ReadRelation(const YAML::Node& node, const char* key, std::string* relation) const {
    absl::Status status = ReadText(node, key, relation);
    return status.ok() ? At(node, ValidateRelationName(*relation)) : status;
  }

  absl::Status ReadChoice(const YAML::Node& node, const char* key, bool* leave_out) const {
    std::string text;
    if (absl::Status status = ReadText(node, key, &text); !status.ok()) return status;
    *leave_out = text == "leave_out";
    if (*leave_out || text == "refuse") return absl::OkStatus();
    return Error(node, Cat("`", key, "` is `refuse` or `leave_out`"));
  }

  absl::Status ReadFlag(const YAML::Node& node, const char* key, bool* flag) const {
    if (node.IsScalar() && YAML::convert<bool>::decode(node, *flag)) return absl::OkStatus();
    return Error(node, Cat("`", key, "` is `true` or `false`"));
  }

  absl::Status ReadDomainPart(const YAML::Node& node, DomainPart* part) const {
    absl::Status status =
        ReadMap(node, node.Mark().line + 1,
                {{"type", [&](const YAML::Node& value) { return ReadType(value, &part->type); }},
                 {"relations",
                  [&](const YAML::Node& value) {
                    absl::Status read = ReadTexts(value, "relations", &part->relations);
                    for (const std::string& relation : part->relations)
                      read.Update(At(value, ValidateRelationName(relation)));
                    if (part->relations.empty())
                      read.Update(Error(value, "no relations are named; leave the key out for all"));
                    return read;
                  }},
                 {"id_prefix", [&](const YAML::Node& value) {
                    absl::Status read = ReadText(value, "id_prefix", &part->id_prefix);
                    return read.ok() ? At(value, ValidateObjectId(part->id_prefix, Wildcard::kRefused)) : read;
                  }}});
    if (status.ok() && part->type.empty()) return Error(node, "a part of the domain has a `type`");
    return status;
  }

  absl::Status ReadConditions(const YAML::Node& node, const char* key, std::vector<EntryCondition>* conditions) const {
    if (!node.IsMap()) return Error(node, Cat("`", key, "` takes a map of attributes and their values"));
    for (const auto& entry : node) {
      EntryCondition& condition = conditions->emplace_back();
      if (absl::Status s = ReadAttribute(entry.first, key, &condition.attribute); !s.ok()) return s;
      if (entry.second.IsNull()) continue;
      if (absl::Status s = ReadTexts(entry.second, key, &condition.values); !s.ok()) return s;
      for (std::string& value : condition.values) absl::AsciiStrToLower(&value);
    }
    return absl::OkStatus();
  }

  absl::Status ReadReplacements(const YAML::Node& node, IdForm* id) const {
    if (!node.IsMap()) return Error(node, "`replace` takes a map: what to replace by what");
    for (const auto& entry : node) {
      auto& [from, to] = id->replace.emplace_back();
      if (absl::Status s = ReadText(entry.first, "replace", &from); !s.ok()) return s;
      if (!entry.second.IsScalar()) return Error(entry.second, "`replace` takes text");
      to = entry.second.Scalar();
    }
    return absl::OkStatus();
  }

  absl::Status ReadId(const YAML::Node& node, IdForm* id) const {
    if (node.IsScalar()) return ReadAttribute(node, "id", &id->attribute);
    absl::Status status = ReadMap(
        node, node.Mark().line + 1,
        {{"attribute", [&](const YAML::Node& value) { return ReadAttribute(value, "attribute", &id->attribute); }},
         {"replace", [&](const YAML::Node& value) { return ReadReplacements(value, id); }},
         {"lower", [&](const YAML::Node& value) { return ReadFlag(value, "lower", &id->lower); }},
         {"base64url", [&](const YAML::Node& value) { return ReadFlag(value, "base64url", &id->base64url); }},
         {"prefix", [&](const YAML::Node& value) { return ReadText(value, "prefix", &id->prefix); }}});
    if (status.ok() && id->attribute.empty()) return Error(node, "an `id` has an `attribute`");
    return status;
  }

  absl::Status ReadTarget(const YAML::Node& node, MemberTarget* target) const {
    if (node.IsScalar()) {
      target->flatten = node.Scalar() == "flatten";
      return target->flatten ? absl::OkStatus() : ReadRelation(node, "as", &target->relation);
    }
    absl::Status status = ReadMap(
        node, node.Mark().line + 1,
        {{"relation", [&](const YAML::Node& value) { return ReadRelation(value, "relation", &target->relation); }},
         {"subject_relation", [&](const YAML::Node& value) {
            return ReadRelation(value, "subject_relation", &target->subject_relation);
          }}});
    if (status.ok() && target->relation.empty()) return Error(node, "a member becomes a `relation`, or `flatten`");
    return status;
  }

  absl::Status ReadMembers(const YAML::Node& node, MemberRule* rule) const {
    absl::Status status = ReadMap(
        node, node.Mark().line + 1,
        {{"attribute",
          [&](const YAML::Node& value) {
            absl::Status read = ReadTexts(value, "attribute", &rule->attributes);
            for (std::string& name : rule->attributes) absl::AsciiStrToLower(&name);
            return read;
          }},
         {"refers_to", [&](const YAML::Node& value) { return ReadAttribute(value, "refers_to", &rule->refers_to); }},
         {"missing", [&](const YAML::Node& value) { return ReadChoice(value, "missing", &rule->leave_out_missing); }},
         {"as", [&](const YAML::Node& value) {
            if (!value.IsMap()) return Error(value, "`as` takes a map: the types of members and their relations");
            for (const auto& entry : value) {
              std::string type;
              if (absl::Status s = ReadType(entry.first, &type); !s.ok()) return s;
              if (absl::Status s = ReadTarget(entry.second, &rule->as[type]); !s.ok()) return s;
            }
            return absl::OkStatus();
          }}});
    if (!status.ok()) return status;
    if (rule->attributes.empty() || rule->refers_to.empty() || rule->as.empty()) {
      return Error(node,
                   "members have an `attribute`, what its values are (`refers_to`: dn, id or an attribute), and "
                   "what they become (`as`)");
    }
    return status;
  }

  absl::Status ReadRule(const YAML::Node& node, EntryRule* rule) const {
    absl::Status status = ReadMap(
        node, node.Mark().line + 1,
        {{"when", [&](const YAML::Node& value) { return ReadConditions(value, "when", &rule->when); }},
         {"unless", [&](const YAML::Node& value) { return ReadConditions(value, "unless", &rule->unless); }},
         {"type", [&](const YAML::Node& value) { return ReadType(value, &rule->type); }},
         {"id", [&](const YAML::Node& value) { return ReadId(value, &rule->id); }},
         {"members", [&](const YAML::Node& value) {
            return ReadList(value, "members",
                            [&](const YAML::Node& each) { return ReadMembers(each, &rule->members.emplace_back()); });
          }}});
    if (status.ok() && (rule->type.empty() || rule->id.attribute.empty())) {
      return Error(node, "an entry has a `type` and an `id`: the object that it becomes");
    }
    return status;
  }

  const std::string& path_;
};

}  // namespace

absl::StatusOr<Mapping> ParseMapping(const std::string& path, const std::string& text) {
  if (text.size() > kMappingBytesMax) {
    return InvalidArgument(Cat(path, ": a mapping has at most ", kMappingBytesMax, " bytes, this one ", text.size()));
  }
  try {
    return MappingReader(path).Read(text);
  } catch (const YAML::Exception& error) {
    return InvalidArgument(Cat(path, ":", error.mark.line + 1, ": ", error.msg));
  }
}

}  // namespace mandate
