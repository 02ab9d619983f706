#ifndef SUPERVISOR_IMAGE_FIELDS_H_
#define SUPERVISOR_IMAGE_FIELDS_H_

// One list of fields per state struct; encode, decode and range check come from it.
//
//   struct TimerfdState {
//     int32_t clock = 0;
//     std::vector<Expiry> expiries;        // Expiry has Fields() of its own.
//     template <typename Self, typename Visitor>
//     static void Fields(Self& self, Visitor& visit) {
//       visit("clock", self.clock, Range<int32_t>{0, 15});
//       visit("expiries", self.expiries);
//     }
//   };
//   Value image = Encode(state);
//   ASSIGN_OR_RETURN(TimerfdState state, Decode<TimerfdState>(image, "timerfd"));
//
// Fields may be bool, integers, enums (as integers), std::string, std::optional (absent when
// empty), std::vector, std::array, std::map<std::string, T>, Value, and structs with Fields().
// Decode() trusts nothing: a missing field, a wrong type, a number that does not fit or is out
// of its Range, or an array of another length than std::array's is kBadImage and names the field.

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/value.h"

namespace tardigrade {

// Inclusive bounds for a number, or for the size of a string or vector.
template <typename T>
struct Range {
  T lowest = std::numeric_limits<T>::lowest();
  T highest = std::numeric_limits<T>::max();
};

namespace fields_internal {

struct Nothing {
  template <typename... Args>
  void operator()(Args&&...) const {}
};

template <typename T>
concept HasFields = requires(T& t, Nothing& nothing) { T::Fields(t, nothing); };

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsArray : std::false_type {};
template <typename T, size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

inline Error Bad(const std::string& where, std::string_view what) {
  return Error(ErrorCode::kBadImage, StrCat(where, " ", what));
}

}  // namespace fields_internal

template <typename T>
Value Encode(const T& value);

namespace fields_internal {

struct Encoder {
  Value::Object object;
  template <typename T, typename... Bounds>
  void operator()(const char* name, const T& value, Bounds...) {
    if constexpr (IsOptional<T>::value) {
      if (value.has_value()) object.emplace(name, Encode(*value));
    } else {
      object.emplace(name, Encode(value));
    }
  }
};

template <typename T>
Status DecodeInto(const Value& value, const std::string& where, T& out);

struct Decoder {
  const Value& value;
  const std::string& where;
  Status status = Ok();

  template <typename T>
  void operator()(const char* name, T& out) {
    Read(name, out);
  }
  template <typename T, typename B>
  void operator()(const char* name, T& out, Range<B> range) {
    if (!Read(name, out)) return;
    if constexpr (IsOptional<T>::value) {
      if (out.has_value()) Check(name, *out, range);
    } else {
      Check(name, out, range);
    }
  }

 private:
  template <typename T>
  bool Read(const char* name, T& out) {
    if (!status.has_value()) return false;
    const Value* field = value.Find(name);
    if (field == nullptr) {
      if constexpr (IsOptional<T>::value) {
        out.reset();
        return true;
      }
      status = Bad(StrCat(where, ".", name), "is missing");
      return false;
    }
    if constexpr (IsOptional<T>::value) {
      status = DecodeInto(*field, StrCat(where, ".", name), out.emplace());
    } else {
      status = DecodeInto(*field, StrCat(where, ".", name), out);
    }
    return status.has_value();
  }
  template <typename T, typename B>
  void Check(const char* name, const T& out, Range<B> range) {
    bool fits = false;
    if constexpr (std::integral<T>) {
      fits = !std::cmp_less(out, range.lowest) && !std::cmp_greater(out, range.highest);
    } else {
      fits = !std::cmp_less(out.size(), range.lowest) && !std::cmp_greater(out.size(), range.highest);
    }
    if (!fits) status = Bad(StrCat(where, ".", name), "is out of range");
  }
};

template <typename T>
Status DecodeInteger(const Value& value, const std::string& where, T& out) {
  if (const int64_t* s = value.AsSigned(); s != nullptr) {
    if (!std::in_range<T>(*s)) return Bad(where, StrCat("is out of range: ", *s));
    out = static_cast<T>(*s);
    return Ok();
  }
  if (const uint64_t* u = value.AsUnsigned(); u != nullptr) {
    if (!std::in_range<T>(*u)) return Bad(where, StrCat("is out of range: ", *u));
    out = static_cast<T>(*u);
    return Ok();
  }
  return Bad(where, "is not an integer");
}

template <typename T>
Status DecodeSequence(const Value& value, const std::string& where, T& out) {
  const Value::Array* array = value.AsArray();
  if (array == nullptr) return Bad(where, "is not an array");
  if constexpr (IsArray<T>::value) {
    if (array->size() != out.size()) return Bad(where, StrCat("has ", array->size(), " elements"));
  } else {
    out.clear();
    out.resize(array->size());
  }
  for (size_t i = 0; i < array->size(); ++i)
    RETURN_IF_ERROR(DecodeInto((*array)[i], StrCat(where, "[", i, "]"), out[i]));
  return Ok();
}

template <typename T>
Status DecodeInto(const Value& value, const std::string& where, T& out) {
  if constexpr (std::same_as<T, Value>) {
    out = value;
  } else if constexpr (std::same_as<T, bool>) {
    if (value.AsBool() == nullptr) return Bad(where, "is not a boolean");
    out = *value.AsBool();
  } else if constexpr (std::integral<T>) {
    return DecodeInteger(value, where, out);
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number{};
    RETURN_IF_ERROR(DecodeInteger(value, where, number));
    out = static_cast<T>(number);
  } else if constexpr (std::same_as<T, std::string>) {
    if (value.AsString() == nullptr) return Bad(where, "is not a string");
    out = *value.AsString();
  } else if constexpr (IsVector<T>::value || IsArray<T>::value) {
    return DecodeSequence(value, where, out);
  } else if constexpr (IsMap<T>::value) {
    if (value.AsObject() == nullptr) return Bad(where, "is not an object");
    out.clear();
    for (const auto& [name, member] : *value.AsObject())
      RETURN_IF_ERROR(DecodeInto(member, StrCat(where, ".", name), out[name]));
  } else {
    static_assert(HasFields<T>, "give the struct a Fields() or use a supported type");
    if (value.AsObject() == nullptr) return Bad(where, "is not an object");
    Decoder decoder{value, where};
    T::Fields(out, decoder);
    return std::move(decoder.status);
  }
  return Ok();
}

}  // namespace fields_internal

template <typename T>
Value Encode(const T& value) {
  using namespace fields_internal;  // NOLINT(google-build-using-namespace)
  if constexpr (std::is_enum_v<T>) {
    return Value(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (IsVector<T>::value || IsArray<T>::value) {
    Value::Array array;
    array.reserve(value.size());
    for (const auto& element : value) array.push_back(Encode(element));
    return Value(std::move(array));
  } else if constexpr (IsMap<T>::value) {
    Value::Object object;
    for (const auto& [name, member] : value) object.emplace(name, Encode(member));
    return Value(std::move(object));
  } else if constexpr (HasFields<T>) {
    Encoder encoder;
    T::Fields(value, encoder);
    encoder.object.shrink_to_fit();
    return Value(std::move(encoder.object));
  } else {
    return Value(value);
  }
}

// `where` names the value in messages, usually the kind: "timerfd".
template <typename T>
Result<T> Decode(const Value& value, const std::string& where) {
  T out{};
  RETURN_IF_ERROR(fields_internal::DecodeInto(value, where, out));
  return out;
}

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_FIELDS_H_
