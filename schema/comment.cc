#include "schema/comment.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "schema/text.h"

namespace mandate::syntax {
namespace {

constexpr absl::string_view kOurDirective = "mandate-ignore-warning:";
constexpr absl::string_view kDirectives[] = {kOurDirective, "spicedb-ignore-warning:"};

std::vector<absl::string_view> Lines(std::string_view text) { return absl::StrSplit(AbslView(text), '\n'); }

size_t BlanksBefore(absl::string_view line) { return line.size() - absl::StripLeadingAsciiWhitespace(line).size(); }

// The blanks that all lines but the first, and but empty ones, begin with.
size_t CommonBlanks(const std::vector<absl::string_view>& lines) {
  absl::string_view common;
  bool any = false;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const absl::string_view blanks = lines[i].substr(0, BlanksBefore(lines[i]));
    if (!any) common = blanks;
    any = true;
    const auto [end, unused] = std::mismatch(common.begin(), common.end(), blanks.begin(), blanks.end());
    common = common.substr(0, static_cast<size_t>(end - common.begin()));
  }
  return common.size();
}

// The lines of a comment without delimiters and the stars that lead them.
std::vector<absl::string_view> Content(std::string_view comment) {
  absl::string_view text = AbslView(comment);
  if (absl::ConsumePrefix(&text, "//")) return {absl::StripAsciiWhitespace(text)};
  absl::ConsumePrefix(&text, "/*");
  absl::ConsumeSuffix(&text, "*/");
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  for (absl::string_view& line : lines) {
    line = absl::StripAsciiWhitespace(line);
    absl::ConsumePrefix(&line, "*");
    line = absl::StripAsciiWhitespace(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  lines.erase(lines.begin(),
              std::find_if(lines.begin(), lines.end(), [](absl::string_view line) { return !line.empty(); }));
  return lines;
}

bool IsDirective(absl::string_view line) {
  return std::any_of(std::begin(kDirectives), std::end(kDirectives),
                     [&](absl::string_view word) { return absl::StartsWith(line, word); });
}

}  // namespace

bool IsStarred(std::string_view comment) {
  const std::vector<absl::string_view> lines = Lines(comment);
  return std::all_of(lines.begin() + 1, lines.end(), [](absl::string_view line) {
    const absl::string_view rest = absl::StripLeadingAsciiWhitespace(line);
    return rest.empty() || rest[0] == '*';
  });
}

std::string DedentComment(std::string_view raw) {
  std::vector<absl::string_view> lines = Lines(raw);
  for (absl::string_view& line : lines) line = absl::StripTrailingAsciiWhitespace(line);
  const bool starred = IsStarred(raw);
  const size_t common = starred ? 0 : CommonBlanks(lines);
  std::string out(lines[0]);
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t blanks = starred ? BlanksBefore(lines[i]) : std::min(common, lines[i].size());
    out += Cat("\n", lines[i].substr(blanks));
  }
  return out;
}

std::string DocText(const Comments& comments) {
  std::string doc;
  for (const Comment& comment : comments.before) {
    for (absl::string_view line : Content(comment.text)) {
      if (IsDirective(line)) continue;
      if (!doc.empty()) doc += '\n';
      doc += StdView(line);
    }
    if (comment.blank_after) doc.clear();
  }
  doc.erase(doc.find_last_not_of('\n') + 1);
  return doc;
}

std::vector<IgnoredWarning> WarningsIgnored(std::string_view comment) {
  std::vector<IgnoredWarning> names;
  for (absl::string_view line : Content(comment)) {
    for (absl::string_view word : kDirectives) {
      absl::string_view rest = line;
      if (!absl::ConsumePrefix(&rest, word)) continue;
      for (absl::string_view name : absl::StrSplit(rest, ',')) {
        name = absl::StripAsciiWhitespace(name);
        if (!name.empty()) names.push_back({StdView(name), word == kOurDirective});
      }
    }
  }
  return names;
}

}  // namespace mandate::syntax
