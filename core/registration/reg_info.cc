#include "core/registration/reg_info.h"

#include <array>
#include <cstring>

#include "absl/base/optimization.h"
#include "core/sip/text.h"
#include "pugixml.hpp"

namespace sallyport::registration {
namespace {

constexpr std::string_view kNamespace = "urn:ietf:params:xml:ns:reginfo";

constexpr std::array kEvents = {
    ContactEvent::kRegistered, ContactEvent::kCreated,
    ContactEvent::kRefreshed,  ContactEvent::kShortened,
    ContactEvent::kExpired,    ContactEvent::kDeactivated,
    ContactEvent::kProbation,  ContactEvent::kUnregistered,
    ContactEvent::kRejected,
};

// The tree has no more levels and nodes than we are ready to look at. (The
// reader builds it without recursion, whatever its shape.)
class Measure : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    if (depth() >= static_cast<int>(kRegInfoDepthMax)) {
      fault = RegInfoFault::kTooDeep;
    } else if (node.type() == pugi::node_doctype) {
      fault = RegInfoFault::kDoctype;
    } else if (++nodes_ > kRegInfoNodesMax) {
      fault = RegInfoFault::kTooMany;
    }
    return fault == RegInfoFault::kNone;
  }

  RegInfoFault fault = RegInfoFault::kNone;

 private:
  size_t nodes_ = 0;
};

std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == name.npos ? name : name.substr(colon + 1);
}

std::string_view Attribute(const pugi::xml_node& node, const char* name) {
  return node.attribute(name).value();
}

// The namespace that the name of this element, a root, is in.
std::string_view NamespaceOf(const pugi::xml_node& root) {
  const std::string_view name = root.name();
  const size_t colon = name.find(':');
  if (colon == name.npos) return Attribute(root, "xmlns");
  const std::string declared =
      std::string("xmlns:").append(name.substr(0, colon));
  return Attribute(root, declared.c_str());
}

// Reads one document from the top down; each step returns the first fault.
class Reader {
 public:
  explicit Reader(RegInfo& info) : info_(info) {}

  RegInfoFault ReadRoot(const pugi::xml_node& root);

 private:
  RegInfoFault ReadRegistration(const pugi::xml_node& node);
  RegInfoFault ReadContact(const pugi::xml_node& node, Registration& out);
  RegInfoFault ReadContactChildren(const pugi::xml_node& node, RegContact& out);
  // False: too long.
  static bool Take(std::string_view text, std::string& out);

  RegInfo& info_;
  size_t contacts_ = 0;
};

bool Reader::Take(std::string_view text, std::string& out) {
  text = sip::TrimLws(text);
  if (text.size() > kRegInfoTextBytesMax) return false;
  out.assign(text);
  return true;
}

RegInfoFault Reader::ReadRoot(const pugi::xml_node& root) {
  if (LocalName(root) != "reginfo" || NamespaceOf(root) != kNamespace) {
    return RegInfoFault::kNotRegInfo;
  }
  const auto version = sip::ParseUint32(Attribute(root, "version"));
  const std::string_view state = Attribute(root, "state");
  if (!version || (state != "full" && state != "partial")) {
    return RegInfoFault::kBadReginfo;
  }
  info_.version = *version;
  info_.full = state == "full";
  for (const pugi::xml_node& node : root.children()) {
    if (LocalName(node) != "registration") continue;
    if (info_.registrations.size() == kRegistrationsMax) {
      return RegInfoFault::kTooMany;
    }
    const RegInfoFault fault = ReadRegistration(node);
    if (fault != RegInfoFault::kNone) return fault;
  }
  return RegInfoFault::kNone;
}

RegInfoFault Reader::ReadRegistration(const pugi::xml_node& node) {
  Registration& out = info_.registrations.emplace_back();
  const std::string_view state = Attribute(node, "state");
  if (state == "init") {
    out.state = Registration::State::kInit;
  } else if (state == "active") {
    out.state = Registration::State::kActive;
  } else if (state == "terminated") {
    out.state = Registration::State::kTerminated;
  } else {
    return RegInfoFault::kBadRegistration;
  }
  if (!Take(Attribute(node, "aor"), out.aor)) {
    return RegInfoFault::kTextTooLong;
  }
  if (out.aor.empty()) return RegInfoFault::kBadRegistration;
  for (const pugi::xml_node& child : node.children()) {
    RegInfoFault fault = RegInfoFault::kNone;
    if (LocalName(child) == "contact") {
      fault = ReadContact(child, out);
    } else if (LocalName(child) == "wildcardedIdentity" &&
               !Take(child.text().get(), out.wildcarded_identity)) {
      fault = RegInfoFault::kTextTooLong;
    }
    if (fault != RegInfoFault::kNone) return fault;
  }
  return RegInfoFault::kNone;
}

RegInfoFault Reader::ReadContact(const pugi::xml_node& node,
                                 Registration& out) {
  if (contacts_++ == kRegContactsMax) return RegInfoFault::kTooMany;
  RegContact& contact = out.contacts.emplace_back();
  const std::string_view state = Attribute(node, "state");
  if (state != "active" && state != "terminated") {
    return RegInfoFault::kBadContact;
  }
  contact.active = state == "active";
  const std::string_view given = Attribute(node, "event");
  bool known = false;
  for (const ContactEvent event : kEvents) {
    if (given != ToString(event)) continue;
    contact.event = event;
    known = true;
  }
  if (!known) return RegInfoFault::kBadContact;
  if (const pugi::xml_attribute expires = node.attribute("expires")) {
    contact.expires_s = sip::ParseDeltaSeconds(expires.value());
    if (!contact.expires_s) return RegInfoFault::kBadContact;
  }
  return ReadContactChildren(node, contact);
}

// Source: RFC 3680 5.3 (uri, unknown-param), RFC 5626 4.1 (+sip.instance)
RegInfoFault Reader::ReadContactChildren(const pugi::xml_node& node,
                                         RegContact& out) {
  for (const pugi::xml_node& child : node.children()) {
    bool fits = true;
    if (LocalName(child) == "uri") {
      fits = Take(child.text().get(), out.uri);
    } else if (LocalName(child) == "unknown-param" &&
               sip::EqualsIgnoreCase(Attribute(child, "name"),
                                     "+sip.instance")) {
      fits = Take(child.text().get(), out.instance);
      out.instance.resize(sip::Unquote(out.instance, out.instance.data()));
    }
    if (!fits) return RegInfoFault::kTextTooLong;
  }
  return out.uri.empty() ? RegInfoFault::kBadContact : RegInfoFault::kNone;
}

}  // namespace

std::string_view ToString(ContactEvent event) {
  switch (event) {
    case ContactEvent::kRegistered:
      return "registered";
    case ContactEvent::kCreated:
      return "created";
    case ContactEvent::kRefreshed:
      return "refreshed";
    case ContactEvent::kShortened:
      return "shortened";
    case ContactEvent::kExpired:
      return "expired";
    case ContactEvent::kDeactivated:
      return "deactivated";
    case ContactEvent::kProbation:
      return "probation";
    case ContactEvent::kUnregistered:
      return "unregistered";
    case ContactEvent::kRejected:
      return "rejected";
  }
  ABSL_UNREACHABLE();
}

std::string_view ToString(RegInfoFault fault) {
  switch (fault) {
    case RegInfoFault::kNone:
      return "none";
    case RegInfoFault::kTooLong:
      return "too_long";
    case RegInfoFault::kNotXml:
      return "not_xml";
    case RegInfoFault::kDoctype:
      return "doctype";
    case RegInfoFault::kTooDeep:
      return "too_deep";
    case RegInfoFault::kTooMany:
      return "too_many";
    case RegInfoFault::kTextTooLong:
      return "text_too_long";
    case RegInfoFault::kNotRegInfo:
      return "not_reginfo";
    case RegInfoFault::kBadReginfo:
      return "bad_reginfo";
    case RegInfoFault::kBadRegistration:
      return "bad_registration";
    case RegInfoFault::kBadContact:
      return "bad_contact";
  }
  ABSL_UNREACHABLE();
}

RegInfoFault ReadRegInfo(std::string_view document, RegInfo& info) {
  info = {};
  if (document.size() > kRegInfoBytesMax) return RegInfoFault::kTooLong;
  // The reader takes a NUL for the end: what stands behind it would be hidden.
  if (document.find('\0') != document.npos) return RegInfoFault::kNotXml;
  pugi::xml_document tree;
  const pugi::xml_parse_result parsed = tree.load_buffer(
      document.data(), document.size(),
      pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
  if (parsed.status == pugi::status_bad_doctype) return RegInfoFault::kDoctype;
  if (!parsed) return RegInfoFault::kNotXml;
  Measure measure;
  (void)tree.traverse(measure);
  RegInfoFault fault = measure.fault;
  if (fault == RegInfoFault::kNone) {
    fault = Reader(info).ReadRoot(tree.document_element());
  }
  if (fault != RegInfoFault::kNone) info = {};
  return fault;
}

}  // namespace sallyport::registration
