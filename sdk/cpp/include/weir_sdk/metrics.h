#pragma once
// Counters, gauges and histograms, with tags that are part of their names: a metric `requests` with
// the tag `method` and the value GET is `method.GET.requests`.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weir_sdk/log.h"

inline WasmResult defineMetric(MetricType type, std::string_view name, uint32_t* metric_id) {
  return proxy_define_metric(type, name.data(), name.size(), metric_id);
}
inline WasmResult incrementMetric(uint32_t metric_id, int64_t offset) {
  return proxy_increment_metric(metric_id, offset);
}
inline WasmResult recordMetric(uint32_t metric_id, uint64_t value) {
  return proxy_record_metric(metric_id, value);
}
inline WasmResult getMetric(uint32_t metric_id, uint64_t* value) {
  return proxy_get_metric(metric_id, value);
}

#ifndef __wasm__
namespace weir_sdk {

// The whole name of a metric that an instance of this native plugin has defined; empty: none has.
std::string metric_name(uint32_t metric_id);

}  // namespace weir_sdk
#endif

struct MetricTag {
  enum class TagType : uint32_t { String = 0, Int = 1, Bool = 2 };
  std::string name;
  TagType tagType;
};

// The ids of one metric with all values of its tags, defined when first used.
struct MetricBase {
  MetricBase(MetricType of_type, std::string its_name, std::vector<MetricTag> its_tags = {},
             std::string behind_field = ".", std::string behind_tag = ".")
      : type(of_type),
        name(std::move(its_name)),
        tags(std::move(its_tags)),
        field_separator(std::move(behind_field)),
        value_separator(std::move(behind_tag)) {}

  MetricType type;
  std::string name;
  std::string prefix;  // of tags that have their values already
  std::vector<MetricTag> tags;
  // By whole name. Empty in a native plugin, whose instances may share this object, each on a
  // thread of its own: native_metrics.h has their ids.
  std::unordered_map<std::string, uint32_t> metric_ids;
  std::string field_separator;  // behind a tag's value
  std::string value_separator;  // between a tag's name and its value

  std::string prefixWithFields(const std::vector<std::string>& fields) {
    std::string text = prefix;
    for (size_t i = 0; i < fields.size(); ++i) {
      text += tags[i].name + value_separator + fields[i] + field_separator;
    }
    return text;
  }

  uint32_t resolveFullName(const std::string& full_name) {
    uint32_t id = 0;
#ifdef __wasm__
    const auto known = metric_ids.find(full_name);
    if (known != metric_ids.end()) return known->second;
    CHECK_RESULT(defineMetric(type, full_name, &id));
    metric_ids.emplace(full_name, id);
#else
    CHECK_RESULT(defineMetric(type, full_name, &id));
#endif
    return id;
  }

  uint32_t resolveWithFields(const std::vector<std::string>& fields) {
    if (fields.size() != tags.size()) logAbort("metric '" + name + "': one value for each tag");
    return resolveFullName(prefixWithFields(fields) + name);
  }

  void partiallyResolveWithFields(const std::vector<std::string>& fields) {
    if (fields.size() >= tags.size()) logAbort("metric '" + name + "': fewer values than tags");
    prefix = prefixWithFields(fields);
    tags.erase(tags.begin(), tags.begin() + static_cast<ptrdiff_t>(fields.size()));
  }

  std::string nameFromIdSlow(uint32_t id) {
#ifdef __wasm__
    for (const auto& [full_name, known] : metric_ids) {
      if (known == id) return full_name;
    }
    return "";
#else
    // One of this metric's own begins and ends as they do.
    std::string full_name = weir_sdk::metric_name(id);
    const size_t size = full_name.size();
    const bool is_own = size >= prefix.size() + name.size() &&
                        full_name.compare(0, prefix.size(), prefix) == 0 &&
                        full_name.compare(size - name.size(), name.size(), name) == 0;
    return is_own ? full_name : "";
#endif
  }
};

// A tag's value as it stands in a name.
template <typename T>
std::string toString(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return std::string(std::string_view(value));
  } else {
    return std::to_string(value);
  }
}

namespace weir_sdk {

template <typename... Fields>
std::vector<std::string> field_texts(const Fields&... fields) {
  return {::toString(fields)...};
}

inline uint64_t metric_value(uint32_t metric_id) {
  uint64_t value = 0;
  CHECK_RESULT(getMetric(metric_id, &value));
  return value;
}

template <typename T>
constexpr MetricTag::TagType kTagType = MetricTag::TagType::String;
template <>
inline constexpr MetricTag::TagType kTagType<int> = MetricTag::TagType::Int;
template <>
inline constexpr MetricTag::TagType kTagType<bool> = MetricTag::TagType::Bool;

}  // namespace weir_sdk

// A metric of any kind, whose tags are told when it is made.
struct Metric : public MetricBase {
  using MetricBase::MetricBase;

  template <typename... Fields>
  uint32_t resolve(Fields... fields) {
    return resolveWithFields(weir_sdk::field_texts(fields...));
  }
  template <typename... Fields>
  Metric partiallyResolve(Fields... fields) {
    Metric partial(*this);
    partial.partiallyResolveWithFields(weir_sdk::field_texts(fields...));
    return partial;
  }
  template <typename... Fields>
  void increment(int64_t offset, Fields... fields) {
    incrementMetric(resolve(fields...), offset);
  }
  template <typename... Fields>
  void record(uint64_t value, Fields... fields) {
    recordMetric(resolve(fields...), value);
  }
  template <typename... Fields>
  uint64_t get(Fields... fields) {
    return weir_sdk::metric_value(resolve(fields...));
  }
};

// The name of a tag whose values are of the type T.
template <typename T>
struct MetricTagDescriptor {
  using type = T;
  MetricTagDescriptor(std::string_view n) : name(n) {}
  MetricTagDescriptor(const char* n) : name(n) {}
  std::string_view name;
};

template <typename T>
MetricTag toMetricTag(const MetricTagDescriptor<T>& descriptor) {
  return {std::string(descriptor.name), weir_sdk::kTagType<T>};
}

// Metrics whose tags all have their values.
struct SimpleCounter {
  SimpleCounter(uint32_t id) : metric_id(id) {}
  void increment(int64_t offset) { incrementMetric(metric_id, offset); }
  void record(int64_t offset) { increment(offset); }
  uint64_t get() { return weir_sdk::metric_value(metric_id); }
  void operator++() { increment(1); }
  void operator++(int) { increment(1); }

  uint32_t metric_id;
};

struct SimpleGauge {
  SimpleGauge(uint32_t id) : metric_id(id) {}
  void record(uint64_t value) { recordMetric(metric_id, value); }
  uint64_t get() { return weir_sdk::metric_value(metric_id); }

  uint32_t metric_id;
};

struct SimpleHistogram {
  SimpleHistogram(uint32_t id) : metric_id(id) {}
  void record(int64_t value) { recordMetric(metric_id, static_cast<uint64_t>(value)); }

  uint32_t metric_id;
};

// What the value of a tag of type T is passed as: text in any form.
template <typename T>
struct StringToStringView {
  using type = T;
};
template <>
struct StringToStringView<std::string> {
  using type = std::string_view;
};

namespace weir_sdk {

template <typename T>
using Passed = typename StringToStringView<T>::type;

// What Counter, Gauge and Histogram share. Self is one of them, Simple its like without tags.
template <MetricType kType, template <typename...> class Self, typename Simple, typename... Tags>
struct TaggedMetric : public MetricBase {
  TaggedMetric(std::string_view its_name, MetricTagDescriptor<Tags>... its_tags)
      : MetricBase(kType, std::string(its_name), {toMetricTag(its_tags)...}) {}

  static Self<Tags...>* New(std::string_view its_name, MetricTagDescriptor<Tags>... its_tags) {
    return new Self<Tags...>(its_name, its_tags...);
  }

  Simple resolve(Passed<Tags>... values) {
    return Simple(resolveWithFields(field_texts(values...)));
  }

  // The same metric with these tags fixed, and more of them behind.
  template <typename... AdditionalTags>
  Self<AdditionalTags...>* extendAndResolve(Passed<Tags>... values,
                                            MetricTagDescriptor<AdditionalTags>... more) {
    auto* extended = Self<AdditionalTags...>::New(name, more...);
    extended->prefix = prefixWithFields(field_texts(values...));
    return extended;
  }
};

}  // namespace weir_sdk

// Counter<std::string, int>* c = Counter<std::string, int>::New("requests", "method", "code");
// c->increment(1, "GET", 200);
template <typename... Tags>
struct Counter
    : public weir_sdk::TaggedMetric<MetricType::Counter, Counter, SimpleCounter, Tags...> {
  using Base = weir_sdk::TaggedMetric<MetricType::Counter, Counter, SimpleCounter, Tags...>;
  using Base::Base;

  void increment(int64_t offset, weir_sdk::Passed<Tags>... values) {
    this->resolve(values...).increment(offset);
  }
  void record(int64_t offset, weir_sdk::Passed<Tags>... values) { increment(offset, values...); }
  uint64_t get(weir_sdk::Passed<Tags>... values) { return this->resolve(values...).get(); }
};

template <typename... Tags>
struct Gauge : public weir_sdk::TaggedMetric<MetricType::Gauge, Gauge, SimpleGauge, Tags...> {
  using Base = weir_sdk::TaggedMetric<MetricType::Gauge, Gauge, SimpleGauge, Tags...>;
  using Base::Base;

  void record(uint64_t value, weir_sdk::Passed<Tags>... values) {
    this->resolve(values...).record(value);
  }
  uint64_t get(weir_sdk::Passed<Tags>... values) { return this->resolve(values...).get(); }
};

template <typename... Tags>
struct Histogram
    : public weir_sdk::TaggedMetric<MetricType::Histogram, Histogram, SimpleHistogram, Tags...> {
  using Base = weir_sdk::TaggedMetric<MetricType::Histogram, Histogram, SimpleHistogram, Tags...>;
  using Base::Base;

  void record(int64_t value, weir_sdk::Passed<Tags>... values) {
    this->resolve(values...).record(value);
  }
};
