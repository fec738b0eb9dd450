// What is a handshake made of for the server: which exchange of keys and which
// signature costs how much?
//
// Sketch: a key of X25519 is one multiplication with a fixed point, a secret
// one with another: in C 10 and 30 us. P-256 has assembler: 8 and 30. A
// signature is one multiplication with a fixed point: 12 us with P-256, as many
// with Ed25519; with RSA of 2,048 bits two powers of 1,024 bits: 400 us.
//
// We would be wrong to prefer X25519 and ECDSA if another exchange or signature
// that phones have took less.
//
// Seen (2 virtual cores of an AMD EPYC, family 26; --config=release; CPU, medians of
// three runs): X25519 34 us, P-256 35; ECDSA 12.1, Ed25519 10.6, RSA 437. The
// assembler of P-256 does not make up for what it has more to do, and Ed25519
// would save 1.6 us of a handshake for phones that take it.

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdint>
#include <string>

#include "benchmark/benchmark.h"

namespace sallyport::net::tls {
namespace {

// A key of its own, and the secret with the phone's.
void BM_KeyExchange_X25519(benchmark::State& state) {
  uint8_t phone_secret[32], phone_public[32];
  X25519_keypair(phone_public, phone_secret);
  for (auto _ : state) {
    uint8_t secret[32], key[32], shared[32];
    X25519_keypair(key, secret);
    if (!X25519(shared, secret, phone_public)) state.SkipWithError("no secret");
    benchmark::DoNotOptimize(shared);
  }
}
BENCHMARK(BM_KeyExchange_X25519);

bssl::UniquePtr<EC_KEY> NewP256() {
  bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  if (!EC_KEY_generate_key(key.get())) return nullptr;
  return key;
}

void BM_KeyExchange_P256(benchmark::State& state) {
  const bssl::UniquePtr<EC_KEY> phone = NewP256();
  for (auto _ : state) {
    const bssl::UniquePtr<EC_KEY> own = NewP256();
    uint8_t shared[32];
    if (ECDH_compute_key(shared, sizeof(shared),
                         EC_KEY_get0_public_key(phone.get()), own.get(),
                         nullptr) != sizeof(shared)) {
      state.SkipWithError("no secret");
    }
    benchmark::DoNotOptimize(shared);
  }
}
BENCHMARK(BM_KeyExchange_P256);

constexpr std::array<uint8_t, 32> kDigest = {1, 2, 3};

void BM_Sign_EcdsaP256(benchmark::State& state) {
  const bssl::UniquePtr<EC_KEY> key = NewP256();
  std::array<uint8_t, 80> signature;
  for (auto _ : state) {
    unsigned size = signature.size();
    if (!ECDSA_sign(0, kDigest.data(), kDigest.size(), signature.data(), &size,
                    key.get())) {
      state.SkipWithError("not signed");
    }
    benchmark::DoNotOptimize(signature);
  }
}
BENCHMARK(BM_Sign_EcdsaP256);

void BM_Sign_Ed25519(benchmark::State& state) {
  uint8_t key[32], secret[64], signature[64];
  ED25519_keypair(key, secret);
  // What TLS signs: 64 spaces, a label, the digest (RFC 8446 4.4.3).
  const std::string text(130, ' ');
  for (auto _ : state) {
    if (!ED25519_sign(signature, reinterpret_cast<const uint8_t*>(text.data()),
                      text.size(), secret)) {
      state.SkipWithError("not signed");
    }
    benchmark::DoNotOptimize(signature);
  }
}
BENCHMARK(BM_Sign_Ed25519);

void BM_Sign_Rsa2048(benchmark::State& state) {
  const bssl::UniquePtr<RSA> key(RSA_new());
  const bssl::UniquePtr<BIGNUM> exponent(BN_new());
  if (!BN_set_word(exponent.get(), RSA_F4) ||
      !RSA_generate_key_ex(key.get(), 2048, exponent.get(), nullptr)) {
    return state.SkipWithError("no key");
  }
  std::array<uint8_t, 256> signature;
  for (auto _ : state) {
    unsigned size = signature.size();
    if (!RSA_sign(NID_sha256, kDigest.data(), kDigest.size(), signature.data(),
                  &size, key.get())) {
      state.SkipWithError("not signed");
    }
    benchmark::DoNotOptimize(signature);
  }
}
BENCHMARK(BM_Sign_Rsa2048);

}  // namespace
}  // namespace sallyport::net::tls
