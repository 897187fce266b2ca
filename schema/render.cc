#include <algorithm>

#include "schema/compiler.h"
#include "schema/text.h"

namespace mandate {
namespace {

constexpr size_t kColumnsMax = 160;    // Of a source line; longer ones are shown around the place.
constexpr size_t kColumnsBefore = 60;  // What is then shown before it.

// One line of source made fit for a terminal: every character is one column (a tab stays a tab),
// whatever it is.
struct Line {
  std::vector<std::string> characters;
  size_t first = 0;   // The character at which the marked range starts,
  size_t length = 0;  // and how many of it stand on this line.
};

std::string Printable(std::string_view text, size_t length) {
  if (text[0] == '\t') return "\t";
  if (length == 0 || IsInvisible(CodePoint(text, length))) return "\xEF\xBF\xBD";  // U+FFFD
  return std::string(text.substr(0, length));
}

// Looks no farther than what is shown: a thousand places on a line of a megabyte are no work.
Line CutLine(std::string_view text, const SourceRange& range) {
  constexpr size_t kBytesBefore = 4 * (kColumnsBefore + 1);  // A character has up to 4 bytes.
  constexpr size_t kBytesAfter = 4 * (kColumnsMax + 1);
  const size_t offset = std::min(range.offset, text.size());
  const size_t farthest = offset - std::min(offset, kBytesBefore + kColumnsMax);
  size_t start = offset;
  while (start > farthest && text[start - 1] != '\n' && text[start - 1] != '\r') --start;
  const std::string_view shown = text.substr(0, offset + kBytesAfter);
  const size_t end = std::min(shown.find_first_of("\r\n", offset), shown.size());
  const size_t marked_end = std::min(end, offset + range.length);
  Line line;
  // Far into a long line only its last part before the range matters.
  if (start == farthest && start > 0) {
    start = offset - kBytesBefore;
    while (start < offset && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) ++start;
    line.characters.push_back("...");
  }
  for (size_t i = start; i < end && line.characters.size() < 4 * kColumnsMax;) {
    const size_t length = Utf8CharacterLength(text.substr(i));
    if (i < offset) line.first = line.characters.size() + 1;
    if (i >= offset && i < marked_end) ++line.length;
    line.characters.push_back(Printable(text.substr(i), length));
    i += std::max<size_t>(1, length);
  }
  return line;
}

// The line, then a line that underlines the range.
std::string Show(Line line) {
  if (line.first > kColumnsMax - kColumnsBefore) {
    const size_t cut = line.first - kColumnsBefore;
    line.characters.erase(line.characters.begin(), line.characters.begin() + static_cast<ptrdiff_t>(cut));
    line.characters.insert(line.characters.begin(), "...");
    line.first -= cut - 1;
  }
  std::string shown, marks;
  for (size_t i = 0; i < std::min(line.characters.size(), kColumnsMax); ++i) shown += line.characters[i];
  if (line.characters.size() > kColumnsMax) shown += "...";
  for (size_t i = 0; i < line.first && i < line.characters.size(); ++i) {
    marks += line.characters[i] == "\t" ? "\t" : std::string(line.characters[i] == "..." ? 3 : 1, ' ');
  }
  marks += '^';
  if (line.length > 1) marks.append(std::min(line.length, kColumnsMax - line.first) - 1, '~');
  return Cat(shown, "\n", marks, "\n");
}

}  // namespace

std::string RenderDiagnostics(std::string_view file, std::string_view text,
                              const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    out += Cat(file, ":", d.range.line, ":", d.range.column, ": ", d.severity == Severity::kError ? "error" : "warning",
               ": ", d.message, d.lint.empty() ? "" : Cat(" [", d.lint, "]"), "\n", Show(CutLine(text, d.range)));
  }
  return out;
}

}  // namespace mandate
