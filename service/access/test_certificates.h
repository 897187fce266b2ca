// test_certificates.h: certificates for tests, made on the spot.
//
//   TestAuthority authority;
//   TestCertificate server = authority.Issue("localhost");
//
// Threads     One.
#ifndef MANDATE_SERVICE_ACCESS_TEST_CERTIFICATES_H_
#define MANDATE_SERVICE_ACCESS_TEST_CERTIFICATES_H_

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509v3.h"

namespace mandate {

// In PEM.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  TestAuthority()
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(New("Test CA", key_.get(), 3600), X509_free) {
    Extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    Extend(certificate_.get(), NID_key_usage, "critical,keyCertSign");
    Sign(certificate_.get());
  }

  // For `name` and for this machine; `seconds`: how long from now it holds, negative for one that has expired.
  TestCertificate Issue(const std::string& name, long seconds = 3600) const {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> made(New(name, key.get(), seconds), X509_free);
    Extend(made.get(), NID_subject_alt_name, "DNS:" + name + ",DNS:localhost,IP:127.0.0.1");
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    Sign(made.get());
    return {Pem(made.get()), PemOf([&](BIO* bio) {
              return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
  }

  std::string certificate() const { return Pem(certificate_.get()); }

 private:
  static X509* New(const std::string& name, EVP_PKEY* key, long seconds) {
    static long serial = 1;
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made), seconds);
    X509_NAME* subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(made, subject);
    X509_set_pubkey(made, key);
    return made;
  }
  static void Extend(X509* made, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
  }
  void Sign(X509* made) const { EXPECT_GT(X509_sign(made, key_.get(), EVP_sha256()), 0); }
  template <typename Write>
  static std::string PemOf(const Write& write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    EXPECT_EQ(write(bio.get()), 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }
  static std::string Pem(X509* made) {
    return PemOf([&](BIO* bio) { return PEM_write_bio_X509(bio, made); });
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_TEST_CERTIFICATES_H_
