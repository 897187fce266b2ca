#include "service/access/gate.h"

#include <chrono>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "openssl/crypto.h"
#include "openssl/rand.h"
#include "schema/reason.h"
#include "schema/text.h"
#include "service/access/file_stamp.h"
#include "service/error_mapping.h"
#include "spdlog/spdlog.h"

namespace mandate {
namespace {

constexpr std::chrono::seconds kKeysLookEvery{1};
// Refused calls are counted, and told at most so often: whoever calls in vain fills no disk.
constexpr absl::Duration kLogEvery = absl::Seconds(1);
constexpr absl::string_view kScheme = "Bearer ";
// Of calls inside the process (Gate::VouchFor).
constexpr char kVoucherHeader[] = "mandate-voucher-bin";
constexpr char kCertificateHeader[] = "mandate-certificate-bin";
constexpr size_t kVoucherBytes = 32;

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read the file of keys `", path, "`"));
  std::string text(KeyRing::kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() <= KeyRing::kFileBytesMax) return text;
  return InvalidArgument(Cat("the file of keys `", path, "` has more than ", KeyRing::kFileBytesMax, " bytes"));
}

int64_t SteadyNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<std::string> CertificateNames(const grpc::ServerContextBase& context) {
  std::vector<std::string> names;
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return names;
  for (const char* property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    for (const grpc::string_ref& value : auth->FindPropertyValues(property))
      names.emplace_back(value.data(), value.size());
  }
  return names;
}

absl::Status KeyNotValid() {
  return WithReason(absl::UnauthenticatedError("the API key is not valid"), "KEY_NOT_VALID");
}

}  // namespace

Admission::~Admission() {
  if (use_ != nullptr) --use_->under_way;
}

bool Admission::Holds() const {
  if (gate_ == nullptr) return true;
  const auto current = gate_->CurrentRing();
  return current->StillHolds(*ring_, caller_->id, gate_->now_());
}

grpc::Status Admission::Lapsed() const { return ToGrpc(KeyNotValid()); }

grpc::Status Admission::Refused() const { return ToGrpc(status_); }

Gate::Gate(std::string key_file, const LoadLimits& load, std::function<absl::Time()> now)
    : key_file_(std::move(key_file)),
      now_(std::move(now)),
      anybody_(std::make_shared<Caller>(Caller{.id = "anybody", .role = Role::kAdmin})),
      load_(load) {}

absl::StatusOr<std::unique_ptr<Gate>> Gate::Open(const std::string& key_file, const LoadLimits& load,
                                                 std::function<absl::Time()> now) {
  std::unique_ptr<Gate> gate(new Gate(key_file, load, std::move(now)));
  if (gate->is_open()) return gate;
  gate->voucher_.resize(kVoucherBytes);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(gate->voucher_.data()), kVoucherBytes) != 1) {
    return absl::InternalError("this system gives no random bytes");
  }
  if (absl::Status s = gate->Load(); !s.ok()) return s;
  return gate;
}

absl::Status Gate::Load() {
  const std::string stamp = FileStamp(key_file_);
  auto text = ReadKeyFile(key_file_);
  if (!text.ok()) return text.status();
  auto keys = KeyRing::Parse(*text);
  if (!keys.ok()) return InvalidArgument(Cat("the file of keys `", key_file_, "`: ", keys.status().message()));
  std::lock_guard lock(mutex_);
  keys->CountWith(&uses_);
  ring_ = std::make_shared<const KeyRing>(*std::move(keys));
  seen_ = stamp;  // Of before it was read: a change in between is seen again.
  return absl::OkStatus();
}

std::shared_ptr<const KeyRing> Gate::CurrentRing() {
  int64_t due = next_look_.load(std::memory_order_relaxed);
  const int64_t now = SteadyNow();
  const int64_t next = now + std::chrono::nanoseconds(kKeysLookEvery).count();
  if (now >= due && next_look_.compare_exchange_strong(due, next)) {  // One caller looks, for all.
    const std::string stamp = FileStamp(key_file_);
    bool changed = false;
    {
      std::lock_guard lock(mutex_);
      changed = stamp != seen_;
      seen_ = stamp;  // A file that is wrong is told once, and read again when it changes.
    }
    if (changed) {
      if (absl::Status s = Load(); s.ok()) {
        spdlog::info("the keys were read again from {}", key_file_);
      } else {
        spdlog::error("the keys stay as they were: {}", std::string(s.message()));
      }
    }
  }
  std::lock_guard lock(mutex_);
  return ring_;
}

Admission Gate::Refuse(absl::Status status, const Credentials& credentials, const Caller* caller) {
  if (caller != nullptr) ++caller->use->refused;
  std::lock_guard lock(log_mutex_);
  ++unlogged_;
  const absl::Time now = absl::Now();
  if (now >= next_log_) {
    spdlog::warn("refused {} calls, the last from {}{}: {}", unlogged_,
                 std::string(credentials.peer.empty() ? "an unknown peer" : credentials.peer),
                 caller == nullptr ? "" : Cat(" with the key ", caller->id), ReasonOf(status));
    unlogged_ = 0;
    next_log_ = now + kLogEvery;
  }
  return Admission(std::move(status));
}

const Caller* Gate::Find(const KeyRing& ring, const Credentials& credentials) const {
  const absl::string_view shown = AbslView(credentials.authorization);
  if (shown.empty()) return ring.FindCertificate(credentials.certificate_names, now_());
  if (!absl::StartsWithIgnoreCase(shown, kScheme)) return nullptr;
  return ring.FindKey(StdView(shown.substr(kScheme.size())), now_());
}

Admission Gate::Identify(const Credentials& credentials) {
  Admission admission;
  if (is_open()) {
    admission.caller_ = anybody_;
    return admission;
  }
  const auto ring = CurrentRing();
  const Caller* const caller = Find(*ring, credentials);
  if (caller == nullptr) {
    if (!credentials.authorization.empty()) return Refuse(KeyNotValid(), credentials);
    return Refuse(
        WithReason(absl::UnauthenticatedError("this server wants an API key: send `authorization: Bearer KEY`"),
                   "NO_KEY"),
        credentials);
  }
  admission.gate_ = this;
  admission.ring_ = ring;
  admission.caller_ = std::shared_ptr<const Caller>(ring, caller);
  admission.use_ = caller->use;
  if (++caller->use->under_way <= caller->calls_max || caller->calls_max == 0) return admission;
  ++caller->use->refused;
  admission.status_ =
      WithDetail(WithReason(absl::ResourceExhaustedError(Cat("this key may have ", caller->calls_max,
                                                             " calls under way; try again in a moment")),
                            "TOO_MANY_CALLS"),
                 kRetryAfterDetail, "1000");
  return admission;
}

std::string Gate::NameOf(const Credentials& credentials) {
  if (is_open()) return "";
  const auto ring = CurrentRing();
  const Caller* const caller = Find(*ring, credentials);
  return caller == nullptr ? "" : caller->id;
}

std::string Gate::NameOf(const grpc::ServerContextBase& context) { return NameOf(CredentialsOf(context, "")); }

Gate::Metadata Gate::VouchFor(const std::vector<std::string>& certificate_names) const {
  if (is_open() || certificate_names.empty()) return {};
  Metadata metadata{{kVoucherHeader, voucher_}};
  for (const std::string& name : certificate_names) metadata.emplace_back(kCertificateHeader, name);
  return metadata;
}

std::vector<std::pair<std::string, std::shared_ptr<const KeyUse>>> Gate::Uses() {
  std::lock_guard lock(mutex_);
  return {uses_.begin(), uses_.end()};
}

Credentials Gate::CredentialsOf(const grpc::ServerContextBase& context, std::string_view peer) const {
  Credentials credentials{.certificate_names = CertificateNames(context), .peer = peer};
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  if (header != metadata.end())
    credentials.authorization = std::string_view(header->second.data(), header->second.size());
  const auto voucher = metadata.find(kVoucherHeader);
  if (voucher == metadata.end() || voucher_.empty() || voucher->second.size() != voucher_.size() ||
      CRYPTO_memcmp(voucher->second.data(), voucher_.data(), voucher_.size()) != 0) {
    return credentials;
  }
  const auto [begin, end] = metadata.equal_range(kCertificateHeader);
  for (auto it = begin; it != end; ++it)
    credentials.certificate_names.emplace_back(it->second.data(), it->second.size());
  return credentials;
}

// Who may not call learns that whatever the load is, and takes no place.
Admission Gate::Enter(Admission admission, Work work) {
  admission.place_ = load_.Enter(work);
  if (!admission.place_.ok()) admission.status_ = admission.place_.status();
  if (admission.use_ != nullptr) ++(admission.ok() ? admission.use_->admitted : admission.use_->refused);
  return admission;
}

Admission Gate::Admit(const grpc::ServerContext& context, const google::protobuf::Message& request) {
  if (is_open()) {
    Admission admission;
    admission.caller_ = anybody_;
    return Enter(std::move(admission), WorkOf(request));
  }
  const std::string peer = context.peer();
  const Credentials credentials = CredentialsOf(context, peer);
  Admission admission = Identify(credentials);
  if (!admission.ok()) return admission;
  if (absl::Status s = MayCall(admission.caller(), request); !s.ok()) {
    return Refuse(std::move(s), credentials, &admission.caller());
  }
  return Enter(std::move(admission), WorkOf(request));
}

Admission Gate::Admit(const Credentials& credentials, Need need) {
  Admission admission = Identify(credentials);
  if (!admission.ok()) return admission;
  if (absl::Status s = MayDo(admission.caller(), need); !s.ok()) {
    return Refuse(std::move(s), credentials, &admission.caller());
  }
  return admission;
}

}  // namespace mandate
