#pragma once
// The messages that programs find in the usual SDK's build with Protobuf, without Protobuf: Struct,
// Value and ListValue, which configurations and calls are often written as, and GrpcService, by
// which Envoy's plugins name the upstream of a gRPC call. Their accessors are those of Protobuf's
// generated classes; weir_sdk/protobuf.h gives them Protobuf's names.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "weir_sdk/wire.h"

namespace weir_sdk {

class MessageLite {
 public:
  virtual ~MessageLite() = default;

  virtual void Clear() = 0;

  bool AppendToString(std::string* out) const {
    WireWriter writer(out);
    write(writer);
    return true;
  }
  bool SerializeToString(std::string* out) const {
    out->clear();
    return AppendToString(out);
  }
  std::string SerializeAsString() const {
    std::string bytes;
    AppendToString(&bytes);
    return bytes;
  }
  size_t ByteSizeLong() const { return SerializeAsString().size(); }

  // False where the bytes are no such message; what could be read of it stays.
  bool ParseFromArray(const void* data, int size) {
    return ParseFromString(
        std::string_view(static_cast<const char*>(data), static_cast<size_t>(size)));
  }
  bool ParseFromString(std::string_view bytes) {
    Clear();
    return merge(bytes, kMostLevels);
  }

 protected:
  // How deep messages may lie in each other: reading them takes stack.
  static constexpr int kMostLevels = 100;

  // Writes the fields that are set.
  virtual void write(WireWriter& writer) const = 0;
  // Takes a field over; true for one that is not known, which is passed over.
  virtual bool read(const WireField& field, int levels) = 0;

  static void write_message(WireWriter& writer, uint32_t field, const MessageLite& message) {
    writer.text(field, message.SerializeAsString());
  }
  static bool read_message(std::string_view bytes, int levels, MessageLite* message) {
    return levels > 0 && message->merge(bytes, levels - 1);
  }

 private:
  bool merge(std::string_view bytes, int levels) {
    WireReader reader(bytes);
    for (WireField field; reader.next(&field);) {
      if (!read(field, levels)) return false;
    }
    return !reader.failed();
  }
};

template <typename T>
class RepeatedPtrField : public std::vector<T> {
 public:
  using std::vector<T>::vector;
  T* Add() { return &this->emplace_back(); }
  void Add(T value) { this->push_back(std::move(value)); }
  const T& Get(int index) const { return (*this)[static_cast<size_t>(index)]; }
  T* Mutable(int index) { return &(*this)[static_cast<size_t>(index)]; }
};

template <typename Key, typename T>
class Map : public std::map<Key, T> {
 public:
  using std::map<Key, T>::map;
  bool contains(const Key& key) const { return this->count(key) != 0; }
};

enum NullValue : int { NULL_VALUE = 0 };

class Struct;
class ListValue;

class Value final : public MessageLite {
 public:
  enum KindCase {
    KIND_NOT_SET = 0,
    kNullValue = 1,
    kNumberValue = 2,
    kStringValue = 3,
    kBoolValue = 4,
    kStructValue = 5,
    kListValue = 6,
  };

  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value() override;

  KindCase kind_case() const { return static_cast<KindCase>(kind_.index()); }
  void Clear() override;

  bool has_null_value() const { return kind_case() == kNullValue; }
  NullValue null_value() const { return NULL_VALUE; }
  void set_null_value(NullValue value);

  // Of another kind than it is, a value is zero, empty or false.
  bool has_number_value() const { return kind_case() == kNumberValue; }
  double number_value() const;
  void set_number_value(double value);

  bool has_string_value() const { return kind_case() == kStringValue; }
  const std::string& string_value() const;
  void set_string_value(std::string value);
  std::string* mutable_string_value();

  bool has_bool_value() const { return kind_case() == kBoolValue; }
  bool bool_value() const;
  void set_bool_value(bool value);

  bool has_struct_value() const { return kind_case() == kStructValue; }
  const Struct& struct_value() const;
  Struct* mutable_struct_value();

  bool has_list_value() const { return kind_case() == kListValue; }
  const ListValue& list_value() const;
  ListValue* mutable_list_value();

 private:
  void write(WireWriter& writer) const override;
  bool read(const WireField& field, int levels) override;

  // In the order of KindCase.
  std::variant<std::monostate, NullValue, double, std::string, bool, std::unique_ptr<Struct>,
               std::unique_ptr<ListValue>>
      kind_;
};

class Struct final : public MessageLite {
 public:
  void Clear() override { fields_.clear(); }

  int fields_size() const { return static_cast<int>(fields_.size()); }
  const Map<std::string, Value>& fields() const { return fields_; }
  Map<std::string, Value>* mutable_fields() { return &fields_; }

 private:
  void write(WireWriter& writer) const override;
  bool read(const WireField& field, int levels) override;

  Map<std::string, Value> fields_;
};

class ListValue final : public MessageLite {
 public:
  void Clear() override { values_.clear(); }

  int values_size() const { return static_cast<int>(values_.size()); }
  const Value& values(int index) const { return values_.Get(index); }
  const RepeatedPtrField<Value>& values() const { return values_; }
  Value* mutable_values(int index) { return values_.Mutable(index); }
  RepeatedPtrField<Value>* mutable_values() { return &values_; }
  Value* add_values() { return values_.Add(); }

 private:
  void write(WireWriter& writer) const override;
  bool read(const WireField& field, int levels) override;

  RepeatedPtrField<Value> values_;
};

// Where a gRPC call goes. Of Envoy's two ways, Weir knows envoy_grpc, an upstream by its name.
class GrpcService final : public MessageLite {
 public:
  class EnvoyGrpc final : public MessageLite {
   public:
    void Clear() override { cluster_name_.clear(); }
    const std::string& cluster_name() const { return cluster_name_; }
    void set_cluster_name(std::string value) { cluster_name_ = std::move(value); }
    std::string* mutable_cluster_name() { return &cluster_name_; }

   private:
    void write(WireWriter& writer) const override;
    bool read(const WireField& field, int levels) override;

    std::string cluster_name_;
  };

  class GoogleGrpc final : public MessageLite {
   public:
    void Clear() override { *this = GoogleGrpc(); }
    const std::string& target_uri() const { return target_uri_; }
    void set_target_uri(std::string value) { target_uri_ = std::move(value); }
    const std::string& stat_prefix() const { return stat_prefix_; }
    void set_stat_prefix(std::string value) { stat_prefix_ = std::move(value); }

   private:
    void write(WireWriter& writer) const override;
    bool read(const WireField& field, int levels) override;

    std::string target_uri_;
    std::string stat_prefix_;
  };

  class HeaderValue final : public MessageLite {
   public:
    void Clear() override { *this = HeaderValue(); }
    const std::string& key() const { return key_; }
    void set_key(std::string value) { key_ = std::move(value); }
    const std::string& value() const { return value_; }
    void set_value(std::string value) { value_ = std::move(value); }

   private:
    void write(WireWriter& writer) const override;
    bool read(const WireField& field, int levels) override;

    std::string key_;
    std::string value_;
  };

  enum TargetSpecifierCase { TARGET_SPECIFIER_NOT_SET = 0, kEnvoyGrpc = 1, kGoogleGrpc = 2 };

  void Clear() override { *this = GrpcService(); }

  TargetSpecifierCase target_specifier_case() const {
    return static_cast<TargetSpecifierCase>(target_.index());
  }
  bool has_envoy_grpc() const { return target_specifier_case() == kEnvoyGrpc; }
  const EnvoyGrpc& envoy_grpc() const {
    static const EnvoyGrpc none;
    return has_envoy_grpc() ? std::get<kEnvoyGrpc>(target_) : none;
  }
  EnvoyGrpc* mutable_envoy_grpc() {
    if (!has_envoy_grpc()) target_.emplace<kEnvoyGrpc>();
    return &std::get<kEnvoyGrpc>(target_);
  }
  bool has_google_grpc() const { return target_specifier_case() == kGoogleGrpc; }
  const GoogleGrpc& google_grpc() const {
    static const GoogleGrpc none;
    return has_google_grpc() ? std::get<kGoogleGrpc>(target_) : none;
  }
  GoogleGrpc* mutable_google_grpc() {
    if (!has_google_grpc()) target_.emplace<kGoogleGrpc>();
    return &std::get<kGoogleGrpc>(target_);
  }

  int initial_metadata_size() const { return static_cast<int>(initial_metadata_.size()); }
  const RepeatedPtrField<HeaderValue>& initial_metadata() const { return initial_metadata_; }
  HeaderValue* add_initial_metadata() { return initial_metadata_.Add(); }

 private:
  void write(WireWriter& writer) const override;
  bool read(const WireField& field, int levels) override;

  std::variant<std::monostate, EnvoyGrpc, GoogleGrpc> target_;
  RepeatedPtrField<HeaderValue> initial_metadata_;
};

}  // namespace weir_sdk
