#include "supervisor/image/json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "supervisor/image/json_string.h"

namespace tardigrade {
namespace {

using nlohmann::json;

// Builds Values from parse events; returning false ends the parse.  The containers being filled
// are on a stack of their own, so that depth costs no recursion.
class ValueBuilder final : public nlohmann::json_sax<json> {
 public:
  ValueBuilder(const std::string& where, const JsonLimits& limits)
      : where_(where), limits_(limits) {}

  bool null() override { return Put(Value()); }
  bool boolean(bool value) override { return Put(Value(value)); }
  bool number_integer(int64_t value) override {
    return Put(value < 0 ? Value(value) : Value(uint64_t{0}));  // "-0" is the only other one.
  }
  bool number_unsigned(uint64_t value) override { return Put(Value(value)); }
  bool number_float(double, const std::string& text) override {
    return Fail(StrCat("has a number that is no 64-bit integer: ", text));
  }
  bool string(std::string& text) override { return Unescape(text) && Put(Value(std::move(text))); }
  bool binary(json::binary_t&) override { return Fail("has binary data"); }
  bool start_object(size_t) override { return Open(Container{.is_object = true}); }
  bool start_array(size_t) override { return Open(Container{.is_object = false}); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (!Unescape(name)) return false;
    const Value::Object& object = stack_.back().object;
    if (object.contains(name)) return Fail(StrCat("has \"", name, "\" twice"));
    // Written ones are sorted; to sort a hostile one could take for ever.
    constexpr size_t kMostUnsorted = 4096;
    if (object.size() > kMostUnsorted && name < object.back().first) return Fail("has too many members out of order");
    stack_.back().key = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    return Fail(StrCat("is not JSON at byte ", position));
  }

  Result<Value> Take() && {
    if (!error_.empty()) return Error(ErrorCode::kBadImage, std::move(error_));
    return std::move(root_);
  }

 private:
  struct Container {
    bool is_object = false;
    std::string key = {};  // Of the member being read.
    Value::Object object = {};
    Value::Array array = {};
  };

  bool Fail(const std::string& what) {
    if (error_.empty()) error_ = StrCat(where_, " ", what);
    return false;
  }
  bool Unescape(std::string& text) {
    return json_string::Unescape(text) || Fail("has a malformed byte escape");
  }
  bool Open(Container container) {
    if (stack_.size() >= limits_.depth) return Fail("is nested too deeply");
    stack_.push_back(std::move(container));
    return true;
  }
  bool Close() {
    Container done = std::move(stack_.back());
    stack_.pop_back();
    return Put(done.is_object ? Value(std::move(done.object)) : Value(std::move(done.array)));
  }
  bool Put(Value value) {
    if (++values_ > limits_.values) return Fail("has too many values");
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (stack_.back().is_object) {
      stack_.back().object.emplace(std::move(stack_.back().key), std::move(value));
    } else {
      stack_.back().array.push_back(std::move(value));
    }
    return true;
  }

  const std::string& where_;
  const JsonLimits& limits_;
  std::vector<Container> stack_;
  Value root_;
  size_t values_ = 0;
  std::string error_;
};

class Formatter {
 public:
  explicit Formatter(JsonStyle style) : indented_(style == JsonStyle::kIndented) {}

  void Add(const Value& value, size_t depth) {
    if (const bool* flag = value.AsBool()) {
      out_ += *flag ? "true" : "false";
    } else if (const int64_t* number = value.AsSigned()) {
      out_ += std::to_string(*number);
    } else if (const uint64_t* number = value.AsUnsigned()) {
      out_ += std::to_string(*number);
    } else if (const std::string* text = value.AsString()) {
      json_string::AppendQuoted(*text, out_);
    } else if (const Value::Array* array = value.AsArray()) {
      AddArray(*array, depth);
    } else if (const Value::Object* object = value.AsObject()) {
      AddObject(*object, depth);
    } else {
      out_ += "null";
    }
  }

  std::string Take() && { return std::move(out_); }

 private:
  void AddArray(const Value::Array& array, size_t depth) {
    char before = '[';
    for (const Value& element : array) {
      out_ += std::exchange(before, ',');
      NewLine(depth + 1);
      Add(element, depth + 1);
    }
    End(before == '[', "[]", ']', depth);
  }
  void AddObject(const Value::Object& object, size_t depth) {
    char before = '{';
    for (const auto& [name, member] : object) {
      out_ += std::exchange(before, ',');
      NewLine(depth + 1);
      json_string::AppendQuoted(name, out_);
      out_ += indented_ ? ": " : ":";
      Add(member, depth + 1);
    }
    End(before == '{', "{}", '}', depth);
  }
  void End(bool empty, const char* all, char last, size_t depth) {
    if (empty) {
      out_ += all;
      return;
    }
    NewLine(depth);
    out_ += last;
  }
  void NewLine(size_t depth) {
    if (!indented_) return;
    out_ += '\n';
    out_.append(2 * depth, ' ');
  }

  const bool indented_;
  std::string out_;
};

}  // namespace

std::string FormatJson(const Value& value, JsonStyle style) {
  Formatter formatter(style);
  formatter.Add(value, 0);
  return std::move(formatter).Take();
}

Result<Value> ParseJson(std::string_view text, const std::string& where, const JsonLimits& limits) {
  if (text.size() > limits.bytes)
    return Error(ErrorCode::kBadImage, StrCat(where, " is too large: ", text.size(), " bytes"));
  ValueBuilder builder(where, limits);
  try {
    (void)json::sax_parse(text, &builder);
  } catch (const std::exception& e) {  // Out of memory, mostly.
    return Error(ErrorCode::kBadImage, StrCat(where, " cannot be parsed: ", e.what()));
  }
  return std::move(builder).Take();
}

}  // namespace tardigrade
