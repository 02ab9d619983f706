#include "supervisor/transport/stream_cipher.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "supervisor/base/file_io.h"

namespace tardigrade {
namespace {

constexpr size_t kMaxKeyFileBytes = 4096;

static_assert(StreamCipher::kHeaderBytes == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(StreamCipher::kExtraBytes == crypto_secretstream_xchacha20poly1305_ABYTES);
static_assert(sizeof(StreamKey) == crypto_secretstream_xchacha20poly1305_KEYBYTES);
static_assert(sizeof(StreamKey) == crypto_generichash_BYTES);

// Chooses the code for this processor; fails only where there is no source of randomness.
void InitSodium() {
  if (sodium_init() >= 0) return;
  std::fprintf(stderr, "libsodium does not start\n");
  std::abort();
}

unsigned char* Raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* Raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

}  // namespace

Result<StreamKey> ReadStreamKey(const std::string& path) {
  const auto wrong = [&](const std::string& what) { return Error(ErrorCode::kUsage, StrCat("the key file ", path, " ", what)); };
  ASSIGN_OR_RETURN(const ScopedFd fd, OpenFile(path, O_RDONLY | O_NONBLOCK), "opening the key file ", path);
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return Error::Errno("fstat of ", path);
  if (!S_ISREG(st.st_mode)) return wrong("is no regular file");
  if ((st.st_mode & 077) != 0) return wrong("may be read or written by others than its owner; chmod 600 it");
  const auto size = static_cast<uint64_t>(st.st_size);
  if (size < sizeof(StreamKey) || size > kMaxKeyFileBytes)
    return wrong(StrCat("has ", size, " bytes; a key has 32 to 4096, as from: head -c 32 /dev/urandom"));
  std::array<std::byte, kMaxKeyFileBytes> contents;
  const std::span<std::byte> bytes = std::span(contents).first(size);
  RETURN_IF_ERROR(PreadAll(fd.get(), bytes, 0), "reading the key file ", path);
  InitSodium();
  StreamKey key;
  crypto_generichash(Raw(key.data()), key.size(), Raw(bytes.data()), bytes.size(), nullptr, 0);
  sodium_memzero(contents.data(), contents.size());
  return key;
}

void FillRandom(std::span<std::byte> bytes) {
  InitSodium();
  randombytes_buf(bytes.data(), bytes.size());
}

StreamKey DeriveKey(const StreamKey& key, const std::string& direction, std::span<const std::byte> transcript) {
  InitSodium();
  StreamKey derived;
  crypto_generichash_state state;
  crypto_generichash_init(&state, Raw(key.data()), key.size(), derived.size());
  // With its zero, so that no direction is the beginning of another.
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(direction.c_str()), direction.size() + 1);
  crypto_generichash_update(&state, Raw(transcript.data()), transcript.size());
  crypto_generichash_final(&state, Raw(derived.data()), derived.size());
  sodium_memzero(&state, sizeof(state));
  return derived;
}

struct StreamCipher::State {
  crypto_secretstream_xchacha20poly1305_state secretstream;
};

StreamCipher::StreamCipher(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamCipher::StreamCipher(StreamCipher&&) noexcept = default;
StreamCipher::~StreamCipher() {
  if (state_ != nullptr) sodium_memzero(state_.get(), sizeof(*state_));
}

StreamCipher StreamCipher::ForSending(const StreamKey& key, std::span<std::byte, kHeaderBytes> header) {
  auto state = std::make_unique<State>();
  crypto_secretstream_xchacha20poly1305_init_push(&state->secretstream, Raw(header.data()), Raw(key.data()));
  return StreamCipher(std::move(state));
}

StreamCipher StreamCipher::ForReceiving(const StreamKey& key, std::span<const std::byte, kHeaderBytes> header) {
  auto state = std::make_unique<State>();
  // Fails for no input.
  (void)crypto_secretstream_xchacha20poly1305_init_pull(&state->secretstream, Raw(header.data()), Raw(key.data()));
  return StreamCipher(std::move(state));
}

void StreamCipher::Seal(std::span<const std::byte> plain, std::span<std::byte> sealed) {
  crypto_secretstream_xchacha20poly1305_push(&state_->secretstream, Raw(sealed.data()), nullptr, Raw(plain.data()), plain.size(), nullptr, 0,
                                             crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
}

bool StreamCipher::Open(std::span<const std::byte> sealed, std::span<std::byte> plain) {
  if (sealed.size() != plain.size() + kExtraBytes) return false;
  unsigned char tag = 0;
  return crypto_secretstream_xchacha20poly1305_pull(&state_->secretstream, Raw(plain.data()), nullptr, &tag, Raw(sealed.data()), sealed.size(),
                                                    nullptr, 0) == 0;
}

}  // namespace tardigrade
