#include "tools/key_commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>

#include "absl/strings/str_join.h"
#include "schema/text.h"
#include "service/access/key_ring.h"
#include "service/http/json_text.h"
#include "storage/durable_directory.h"
#include "storage/file_lock.h"
#include "tools/commands.h"
#include "tools/exit_code.h"
#include "tools/options.h"

namespace mandate {
namespace {

// Held from reading to writing: else a key that one command revokes comes back with what another one has read before.
absl::StatusOr<FileLock> LockKeys(const std::string& file) { return FileLock::Take(Cat(file, ".lock")); }

// What the file holds; of one that is not there yet, no keys.
absl::StatusOr<Json> ReadKeys(const std::string& file) {
  if (!std::filesystem::exists(file)) return Json{{"keys", Json::array()}};
  auto text = ReadFile(file);
  if (!text.ok()) return text.status();
  if (auto ring = KeyRing::Parse(*text); !ring.ok()) return About(file, ring.status());
  return ParseJsonObject(*text);
}

absl::Status CannotWrite(const std::string& file) {
  return absl::UnavailableError(Cat("cannot write `", file, "`: ", strerror(errno)));
}

// All or nothing, and on the disk when it returns; readable for its owner alone. `show` is called when all is written
// but the name: where it fails, the file stays as it was.
absl::Status WriteKeys(
    const std::string& file, const Json& json,
    const std::function<absl::Status()>& show = [] { return absl::OkStatus(); }) {
  const std::string text = Cat(json.dump(2), "\n");
  if (auto ring = KeyRing::Parse(text); !ring.ok()) return ring.status();
  const std::string next = Cat(file, ".", getpid(), ".tmp");
  const int fd = open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  bool done = fd >= 0;
  for (size_t at = 0; done && at < text.size();) {
    const ssize_t written = write(fd, text.data() + at, text.size() - at);
    done = written > 0;
    if (done) at += static_cast<size_t>(written);
  }
  done = done && fsync(fd) == 0;
  if (fd >= 0) close(fd);
  // Who may read the file that was there may read the next one.
  struct stat before {};
  if (done && stat(file.c_str(), &before) == 0) {
    done = chmod(next.c_str(), before.st_mode & 0777) == 0;
    if (chown(next.c_str(), before.st_uid, before.st_gid) != 0 && geteuid() == 0) done = false;
  }
  absl::Status status = done ? show() : CannotWrite(file);
  if (status.ok() && rename(next.c_str(), file.c_str()) != 0) status = CannotWrite(file);
  if (status.ok()) return SyncDirectory(std::filesystem::absolute(file).parent_path());
  unlink(next.c_str());
  return status;
}

Json* FindKey(Json* json, const std::string& id) {
  for (Json& key : (*json)["keys"]) {
    if (key["id"] == id) return &key;
  }
  return nullptr;
}

absl::StatusOr<std::string> Expiry(const std::string& text) {
  const absl::Time now = absl::Now();
  absl::Time end;
  auto duration = DurationOption("--expires", text);
  if (duration.ok()) {
    end = now + *duration;
  } else {
    auto time = TimeOption("--expires", text);
    if (!time.ok())
      return InvalidArgument(Cat("--expires ", Quote(text), " is neither 90d nor a moment as 2027-01-01T00:00:00Z"));
    end = *time;
  }
  if (end <= now) return InvalidArgument(Cat("--expires ", Quote(text), " has passed"));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", end, absl::UTCTimeZone());
}

}  // namespace

int CreateKey(const KeyOptions& options) {
  if (!IsKeyId(options.id)) {
    return Fail(
        InvalidArgument(Cat(Quote(options.id), " is no id: up to 63 of a-z, 0-9 and `-`, beginning with a letter")));
  }
  const auto lock = LockKeys(options.file);
  if (!lock.ok()) return Fail(lock.status());
  auto json = ReadKeys(options.file);
  if (!json.ok()) return Fail(json.status());
  if (FindKey(&*json, options.id) != nullptr) {
    return Fail(absl::AlreadyExistsError(
        Cat("`", options.id,
            "` is there already; a key is rotated by a second one with another id, then revoking the first")));
  }
  Json key = {{"id", options.id}, {"role", options.role}};
  if (!options.only.empty()) key["only"] = options.only;
  if (options.concurrency > 0) key["concurrency"] = options.concurrency;
  if (!options.expires.empty()) {
    auto expires = Expiry(options.expires);
    if (!expires.ok()) return Fail(expires.status());
    key["expires"] = *expires;
  }
  auto made = MakeKey(options.id);
  if (!made.ok()) return Fail(made.status());
  if (options.certificate.empty()) {
    key["sha256"] = made->sha256;
  } else {
    key["certificate"] = options.certificate;
  }
  (*json)["keys"].push_back(std::move(key));
  if (!options.certificate.empty()) {
    if (absl::Status s = WriteKeys(options.file, *json); !s.ok()) return Fail(s);
    std::cerr << "callers with a certificate of `" << options.certificate << "` are `" << options.id << "` now\n";
    return kExitOk;
  }
  // Before it is in the file: one there that nobody saw could only be revoked.
  bool shown = false;
  const absl::Status status = WriteKeys(options.file, *json, [&] {
    std::cerr << "`" << options.id << "` goes into " << options.file << " by its hash; this is the key, shown once:\n";
    shown = (std::cout << made->key << std::endl).good();
    return shown ? absl::OkStatus()
                 : absl::UnavailableError("not everything could be written to standard output, so no key was made");
  });
  if (status.ok()) return kExitOk;
  if (!shown) return Fail(status);
  return Fail(absl::UnavailableError(
      Cat(status.message(), "; the key above is valid only if `mandate key list` has `", options.id, "`")));
}

int ListKeys(const KeyOptions& options) {
  auto json = ReadKeys(options.file);
  if (!json.ok()) return Fail(json.status());
  for (const Json& key : (*json)["keys"]) {
    std::string line = Cat(key["id"].get<std::string>(), "  ", key["role"].get<std::string>());
    if (key.contains("certificate")) line += Cat("  certificate ", key["certificate"].get<std::string>());
    if (key.contains("only")) line += Cat("  only ", absl::StrJoin(key["only"].get<std::vector<std::string>>(), ", "));
    if (key.contains("concurrency")) line += Cat("  ", key["concurrency"].get<int>(), " calls at a time");
    if (key.contains("expires")) line += Cat("  until ", key["expires"].get<std::string>());
    std::cout << line << "\n";
  }
  return kExitOk;
}

int RevokeKey(const KeyOptions& options) {
  const auto lock = LockKeys(options.file);
  if (!lock.ok()) return Fail(lock.status());
  auto json = ReadKeys(options.file);
  if (!json.ok()) return Fail(json.status());
  Json& keys = (*json)["keys"];
  const auto left = std::remove_if(keys.begin(), keys.end(), [&](const Json& key) { return key["id"] == options.id; });
  if (left == keys.end()) {
    return Fail(absl::NotFoundError(Cat("there is no `", options.id, "` in ", options.file, "; see mandate key list")));
  }
  keys.erase(left, keys.end());
  if (absl::Status s = WriteKeys(options.file, *json); !s.ok()) return Fail(s);
  std::cerr << "`" << options.id << "` is revoked; a running server knows within a second\n";
  return kExitOk;
}

}  // namespace mandate
