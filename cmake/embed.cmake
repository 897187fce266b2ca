# cmake -DINPUT=file -DOUTPUT=file.cc -P embed.cmake: the bytes of a file as mandate::EmbeddedDescriptors().
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"service/http/descriptors.h\"

namespace mandate {

std::string_view EmbeddedDescriptors() {
  static constexpr unsigned char kBytes[] = {
${bytes}};
  return std::string_view(reinterpret_cast<const char*>(kBytes), sizeof kBytes);
}

}  // namespace mandate
")
