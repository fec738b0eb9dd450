// The scanner says the same with every kernel, and what it says lies within the
// message: fields cover the head without gaps, values lie in their lines. Every
// value is then read by every typed view (value_laws.h).
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/sip/message.h"
#include "core/sip/scanner.h"
#include "core/sip/values.h"
#include "tests/fuzz/demand.h"
#include "tests/fuzz/value_laws.h"

namespace sip = sallyport::sip;

namespace {

using sallyport::fuzz::Demand;

bool SameField(const sip::HeaderField& a, const sip::HeaderField& b) {
  return a.id == b.id && a.folded == b.folded && a.has_comma == b.has_comma &&
         a.name_begin == b.name_begin && a.name_size == b.name_size &&
         a.value_begin == b.value_begin && a.value_size == b.value_size &&
         a.line_end == b.line_end;
}

void DemandSame(const sip::MessageView& a, const sip::MessageView& b) {
  Demand(a.is_request() == b.is_request() && a.method() == b.method());
  Demand(a.status_code() == b.status_code() && a.reason() == b.reason());
  Demand(a.request_uri() == b.request_uri());
  Demand(a.start_line_end() == b.start_line_end());
  Demand(a.headers_end() == b.headers_end() && a.head() == b.head());
  Demand(a.headers().size() == b.headers().size());
  for (size_t i = 0; i < a.headers().size(); ++i) {
    Demand(SameField(a.headers()[i], b.headers()[i]));
  }
}

// After kOk the lines follow one another up to the empty line.
void DemandWhole(const sip::MessageView& view) {
  size_t begin = view.start_line_end();
  for (const sip::HeaderField& field : view.headers()) {
    Demand(field.name_begin == begin && field.name_size > 0);
    Demand(field.value_begin > field.name_begin + field.name_size);
    Demand(field.value_begin + field.value_size <= field.line_end);
    Demand(view.Find(sip::HeaderIdOf(view.Name(field))) != nullptr ||
           field.id == sip::HeaderId::kOther);
    begin = field.line_end;
  }
  Demand(begin == view.headers_end() && begin < view.head().size());
}

bool SamePlace(std::string_view a, std::string_view b) {
  return a.data() == b.data() && a.size() == b.size();
}

// A list over several rows is the lists of the rows, whether the scanner saw
// their commas or the cursor has to look for them.
void DemandList(const sip::MessageView& view, sip::HeaderId id) {
  sip::ListCursor all(view, id);
  bool malformed = false;
  for (const sip::HeaderField* row = view.Find(id); row != nullptr;
       row = view.Next(row)) {
    sip::ListCursor marked(view, *row);
    sip::ListCursor one(view.Value(*row));
    while (one.Next()) {
      Demand(marked.Next() && SamePlace(marked.value(), one.value()));
      Demand(all.Next() && SamePlace(all.value(), one.value()));
      Demand(SamePlace(marked.span(), one.span()) && all.field() == row);
    }
    Demand(!marked.Next() && marked.malformed() == one.malformed());
    malformed = malformed || one.malformed();
    Demand(all.malformed() == malformed);
  }
  Demand(!all.Next() && all.malformed() == malformed);
}

void DemandValues(const sip::MessageView& view) {
  for (const sip::HeaderField& field : view.headers()) {
    sallyport::fuzz::DemandValue(view.Value(field));
  }
  if (view.is_request()) sallyport::fuzz::DemandValue(view.request_uri());
  for (const sip::HeaderId id :
       {sip::HeaderId::kVia, sip::HeaderId::kRoute, sip::HeaderId::kContact,
        sip::HeaderId::kPAssociatedUri, sip::HeaderId::kServiceRoute,
        sip::HeaderId::kRequire}) {
    DemandList(view, id);
  }
}

void Run(std::string_view bytes, sip::ScanPolicy policy) {
  static sip::MessageView portable, best;
  const sip::ScanVerdict verdict =
      sip::MessageScanner(policy, sip::ScanKernel::kPortable)
          .Scan(bytes, portable);
  Demand(verdict ==
         sip::MessageScanner(policy, sip::BestKernel()).Scan(bytes, best));
  DemandSame(portable, best);
  if (verdict != sip::ScanVerdict::kOk) return;
  DemandWhole(best);
  DemandValues(best);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Run(bytes, {});
  Run(bytes, {.lone_lf = true});
  return 0;
}
