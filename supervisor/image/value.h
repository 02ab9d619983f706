#ifndef SUPERVISOR_IMAGE_VALUE_H_
#define SUPERVISOR_IMAGE_VALUE_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "supervisor/image/flat_map.h"

namespace tardigrade {

// A document of an image: what JSON can say, with 64-bit integers kept exact.  The text
// form is the business of supervisor/image/json.h alone.
class Value {
 public:
  using Array = std::vector<Value>;
  using Object = FlatMap<Value>;

  Value() = default;  // null
  Value(bool value) : data_(value) {}
  template <std::signed_integral T>
  Value(T value) : data_(static_cast<int64_t>(value)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  Value(T value) : data_(static_cast<uint64_t>(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  // Null when the value is of another type.
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const int64_t* AsSigned() const { return std::get_if<int64_t>(&data_); }
  const uint64_t* AsUnsigned() const { return std::get_if<uint64_t>(&data_); }
  const std::string* AsString() const { return std::get_if<std::string>(&data_); }
  const Array* AsArray() const { return std::get_if<Array>(&data_); }
  const Object* AsObject() const { return std::get_if<Object>(&data_); }
  bool IsNull() const { return std::holds_alternative<std::monostate>(data_); }

  // The member `name` of an object; null when there is none or this is no object.
  const Value* Find(std::string_view name) const {
    const Object* object = AsObject();
    if (object == nullptr) return nullptr;
    const auto it = object->find(name);
    return it == object->end() ? nullptr : &it->second;
  }

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, int64_t, uint64_t, std::string, Array, Object> data_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_VALUE_H_
