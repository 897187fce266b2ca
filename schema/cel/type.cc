#include "schema/cel/type.h"

#include <cstdlib>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "schema/text.h"

namespace mandate::cel {
namespace {

constexpr int kNestingMax = 16;

struct Simple {
  std::string_view name;
  TypeKind kind;
};
constexpr Simple kParameterTypes[] = {
    {"any", TypeKind::kAny},
    {"bool", TypeKind::kBool},
    {"int", TypeKind::kInt},
    {"uint", TypeKind::kUint},
    {"double", TypeKind::kDouble},
    {"string", TypeKind::kString},
    {"bytes", TypeKind::kBytes},
    {"duration", TypeKind::kDuration},
    {"timestamp", TypeKind::kTimestamp},
    {"ipaddress", TypeKind::kIpAddress},
};
constexpr std::string_view kAllowed =
    "any, bool, int, uint, double, string, bytes, duration, timestamp, ipaddress, list<T> or "
    "map<T>";

std::optional<TypeKind> FindSimple(std::string_view name) {
  for (const Simple& simple : kParameterTypes) {
    if (simple.name == name) return simple.kind;
  }
  return std::nullopt;
}

void SkipBlanks(std::string_view& text) { text = StdView(absl::StripLeadingAsciiWhitespace(AbslView(text))); }

bool Consume(std::string_view& text, char c) {
  SkipBlanks(text);
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view ConsumeWord(std::string_view& text) {
  SkipBlanks(text);
  size_t end = 0;
  while (end < text.size() && (absl::ascii_isalnum(text[end]) || text[end] == '_')) ++end;
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

absl::StatusOr<Type> ConsumeParameterType(std::string_view& text, int depth) {
  if (depth > kNestingMax) {
    return InvalidArgument(Cat("parameter types nest at most ", kNestingMax, " deep"));
  }
  std::string_view name = ConsumeWord(text);
  bool is_list = name == "list";
  if (is_list || name == "map") {
    if (!Consume(text, '<')) {
      return InvalidArgument(Cat(Quote(name), " needs the type of its elements, as in `", name, "<string>`"));
    }
    absl::StatusOr<Type> element = ConsumeParameterType(text, depth + 1);
    if (!element.ok()) return element.status();
    if (!Consume(text, '>')) {
      return InvalidArgument(Cat(Quote(name), " takes exactly one type, as in `", name, "<string>`"));
    }
    return is_list ? Type::List(*element) : Type::Map(Type(TypeKind::kString), *element);
  }
  std::optional<TypeKind> kind = FindSimple(name);
  if (!kind.has_value()) {
    return InvalidArgument(Cat("`", name.empty() ? text : name, "` is not a parameter type; use ", kAllowed));
  }
  return Type(*kind);
}

// What a type with parameters is called, or empty.
std::string_view FamilyName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kList: return "list";
    case TypeKind::kMap: return "map";
    case TypeKind::kOptional: return "optional";
    case TypeKind::kType: return "type";
    default: return "";
  }
}

}  // namespace

const std::vector<Type>& Type::parameters() const {
  static const auto* const kNone = new std::vector<Type>();
  return parameters_ ? *parameters_ : *kNone;
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.variable_ != b.variable_) return false;
  return a.parameters_ == b.parameters_ || a.parameters() == b.parameters();
}

std::string Type::ToString() const {
  if (kind_ == TypeKind::kNull) return "null";
  if (kind_ == TypeKind::kVariable || kind_ == TypeKind::kError) return "any";
  for (const Simple& simple : kParameterTypes) {
    if (simple.kind == kind_) return std::string(simple.name);
  }
  if (parameters().empty()) return std::string(FamilyName(kind_));
  std::string text = Cat(FamilyName(kind_), "<");
  bool hide_key = kind_ == TypeKind::kMap && parameter(0).kind() == TypeKind::kString;
  if (kind_ == TypeKind::kMap && !hide_key) text += Cat(parameter(0).ToString(), ", ");
  text += Cat(parameters().back().ToString(), ">");
  return text;
}

absl::StatusOr<Type> ParseType(std::string_view text) {
  std::string_view rest = text;
  absl::StatusOr<Type> type = ConsumeParameterType(rest, 0);
  if (!type.ok()) return type;
  SkipBlanks(rest);
  if (!rest.empty()) {
    return InvalidArgument(Cat(Quote(rest), " does not belong to the type `", type->ToString(), "`"));
  }
  return type;
}

Type ConsumeSignatureType(std::string_view& text) {
  std::string_view name = ConsumeWord(text);
  if (name == "null") return Type(TypeKind::kNull);
  if (name.size() == 1) return Type::Variable(name[0] - 'A');
  if (std::optional<TypeKind> kind = FindSimple(name)) return Type(*kind);
  for (TypeKind kind : {TypeKind::kList, TypeKind::kMap, TypeKind::kOptional, TypeKind::kType}) {
    if (FamilyName(kind) != name || !Consume(text, '<')) continue;
    std::vector<Type> parameters = {ConsumeSignatureType(text)};
    if (Consume(text, ',')) parameters.push_back(ConsumeSignatureType(text));
    if (Consume(text, '>')) return Type::WithParameters(kind, std::move(parameters));
  }
  std::abort();  // Our own table is wrong.
}

}  // namespace mandate::cel
