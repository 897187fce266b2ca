// Keys and values: their order, and what they refuse to read.
#include <gmock/gmock.h>

#include <random>

#include "storage/bytes.h"
#include "storage/index_prefix.h"
#include "storage/key_codec.h"
#include "storage/test_world.h"
#include "storage/value_codec.h"

namespace mandate {
namespace {

constexpr NameId kDoc{1}, kUser{2}, kTeam{3}, kViewer{4}, kMember{5};
constexpr size_t kNames = 5;

TEST(Bytes, VarintsComeBackAtEveryWidth) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    std::string bytes;
    PutVarint(value, &bytes);
    uint64_t back = 0;
    ByteReader reader(bytes);
    ASSERT_TRUE(reader.Varint(&back)) << bits;
    EXPECT_EQ(back, value);
    EXPECT_TRUE(reader.empty());
  }
}

TEST(Bytes, VarintsHaveOneForm) {
  uint64_t value = 0;
  EXPECT_FALSE(ByteReader(std::string_view("\x80\x00", 2)).Varint(&value)) << "zero in two bytes";
  EXPECT_FALSE(ByteReader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").Varint(&value)) << "65 bits";
  EXPECT_FALSE(ByteReader("\x80").Varint(&value)) << "cut";
}

TEST(Bytes, ALengthBeyondTheEndIsRefused) {
  std::string_view bytes;
  EXPECT_FALSE(ByteReader("\x05"
                          "abc")
                   .Bytes(&bytes));
  EXPECT_FALSE(ByteReader("abc").Terminated(&bytes)) << "no end";
  EXPECT_FALSE(ByteReader(std::string_view("\0", 1)).Terminated(&bytes)) << "empty";
}

TEST(KeyCodec, BothKeysGiveTheIdentityBack) {
  for (const SubjectKey& subject :
       {SubjectKey{kUser, "alice"}, SubjectKey{kTeam, "core", kMember}, SubjectKey{kUser, "*"}}) {
    for (const std::string& key :
         {ForwardKey({kDoc, "plan"}, kViewer, subject), ReverseKey({kDoc, "plan"}, kViewer, subject)}) {
      TupleRow row;
      ASSERT_TRUE(DecodeIndexKey(key, kNames, &row));
      EXPECT_EQ(row.resource.type, kDoc);
      EXPECT_EQ(row.resource.id, "plan");
      EXPECT_EQ(row.relation, kViewer);
      EXPECT_EQ(row.subject.type, subject.type);
      EXPECT_EQ(row.subject.id, subject.id);
      EXPECT_EQ(row.subject.relation, subject.relation);
    }
  }
}

TEST(KeyCodec, DirectSubjectsSortBeforeSubjectSetsAndTypesLieTogether) {
  const auto key = [](NameId type, std::string_view id, NameId relation) {
    return ForwardKey({kDoc, "plan"}, kViewer, {type, id, relation});
  };
  const std::vector<std::string> order = {key(kUser, "*", NameId::kNone),   key(kUser, "alice", NameId::kNone),
                                          key(kUser, "zoe", NameId::kNone), key(kTeam, "a", NameId::kNone),
                                          key(kUser, "alice", kMember),     key(kTeam, "a", kViewer),
                                          key(kTeam, "a", kMember),         key(kTeam, "b", kMember)};
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(KeyCodec, AnIdThatBeginsLikeAnotherDoesNotMixWithIt) {
  const std::string plan = KeyBuilder(Index::kForward).Name(kDoc).Id("plan").Take();
  const std::string plan2 = ForwardKey({kDoc, "plan2"}, kViewer, {kUser, "alice"});
  EXPECT_GE(plan2, PrefixEnd(plan));
}

TEST(KeyCodec, VersionsOfOneKeySortByEndAndBeforeTheNextKey) {
  const std::string a = ForwardKey({kDoc, "a"}, kViewer, {kUser, "x"});
  const std::string b = ForwardKey({kDoc, "a"}, kViewer, {kUser, "x1"});
  EXPECT_LT(HistoryKey(a, Revision(255)), HistoryKey(a, Revision(256)));
  EXPECT_LT(HistoryKey(a, Revision(~uint64_t{0})), HistoryKey(b, Revision(1)));
}

TEST(KeyCodec, TheEndOfAPrefixCarries) {
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff"), "");
}

TEST(IndexPrefix, IsWhatAScanFixes) {
  const std::string sets =
      KeyBuilder(Index::kForward).Name(kDoc).Id("plan").Name(kViewer).Kind(SubjectKind::kSubjectSet).Take();
  const std::string key = ForwardKey({kDoc, "plan"}, kViewer, {kTeam, "core", kMember});
  EXPECT_EQ(IndexPrefixBytes(key), sets.size());
  EXPECT_EQ(IndexPrefixBytes(sets), sets.size());
  EXPECT_EQ(IndexPrefixBytes(sets.substr(0, sets.size() - 1)), std::nullopt);
  EXPECT_TRUE(WithinOnePrefix(sets, PrefixEnd(sets)));
  EXPECT_TRUE(WithinOnePrefix(key, PrefixEnd(sets)));
  const std::string all = sets.substr(0, sets.size() - 1);
  EXPECT_FALSE(WithinOnePrefix(all, PrefixEnd(all)));
  EXPECT_FALSE(WithinOnePrefix(sets, PrefixEnd(all) + "x"));
  EXPECT_FALSE(WithinOnePrefix(sets, ""));
  const std::string reverse = ReverseKey({kDoc, "plan"}, kViewer, {kTeam, "core", kMember});
  EXPECT_EQ(IndexPrefixBytes(reverse), reverse.size() - sizeof("plan"));
}

TEST(KeyCodec, RefusesNamesThatTheDatabaseDoesNotHave) {
  const std::string key = ForwardKey({kDoc, "plan"}, kViewer, {kTeam, "core", kMember});
  TupleRow row;
  EXPECT_TRUE(DecodeIndexKey(key, kNames, &row));
  EXPECT_FALSE(DecodeIndexKey(key, kNames - 1, &row));
}

TEST(KeyCodec, RefusesEveryKeyThatWasCutOrIsTooLong) {
  for (const std::string& key : {ForwardKey({kDoc, "plan"}, kViewer, {kTeam, "core", kMember}),
                                 ReverseKey({kDoc, "plan"}, kViewer, {kTeam, "core", kMember})}) {
    TupleRow row;
    for (size_t size = 0; size < key.size(); ++size) {
      EXPECT_FALSE(DecodeIndexKey(std::string_view(key).substr(0, size), kNames, &row)) << size;
    }
    EXPECT_FALSE(DecodeIndexKey(key + "x", kNames, &row));
  }
}

TEST(ValueCodec, AnEdgeComesBackWithEveryCombinationOfParts) {
  for (int parts = 0; parts < 8; ++parts) {
    Edge edge;
    edge.written = Revision(1000);
    edge.born = Revision(7);
    if (parts & 1) edge.expires_at = absl::FromUnixMicros(-5);
    if (parts & 2) edge.caveat = kMember;
    if (parts & 4) edge.caveat_context = R"({"a":1})";
    std::string value;
    AppendEdge(edge, &value);
    Edge back;
    back.caveat_context = "left over";
    ASSERT_TRUE(DecodeEdge(value, kNames, &back));
    EXPECT_EQ(back.written, edge.written);
    EXPECT_EQ(back.born, edge.born);
    EXPECT_EQ(back.expires_at, edge.expires_at);
    EXPECT_EQ(back.caveat, edge.caveat);
    EXPECT_EQ(back.caveat_context, edge.caveat_context);
    for (size_t size = 0; size < value.size(); ++size) {
      EXPECT_FALSE(DecodeEdge(std::string_view(value).substr(0, size), kNames, &back)) << size;
    }
  }
}

TEST(ValueCodec, RefusesAnEdgeBornAfterItWasWrittenOrWithUnknownFlags) {
  Edge edge;
  EXPECT_FALSE(DecodeEdge(std::string_view("\x01\x02\x00", 3), kNames, &edge));
  EXPECT_FALSE(DecodeEdge(std::string_view("\x02\x01\x08", 3), kNames, &edge));
}

TEST(ValueCodec, ACommitComesBackChangeByChange) {
  CommitEncoder encoder(CommitHeader{absl::FromUnixMicros(123456), true, false, "why"});
  encoder.Add({ChangeOp::kTouch, true, "forward", "edge"});
  encoder.Add({ChangeOp::kDelete, true, "other", "", true});
  const std::string value = encoder.Take();
  CommitDecoder decoder(value);
  CommitHeader header;
  ASSERT_TRUE(decoder.Header(&header));
  EXPECT_EQ(header.metadata, "why");
  EXPECT_EQ(header.committed_at, absl::FromUnixMicros(123456));
  EXPECT_TRUE(header.schema_changed);
  EXPECT_FALSE(header.parts_follow);
  StoredChange change;
  ASSERT_TRUE(decoder.Change(&change));
  EXPECT_EQ(change.forward_key, "forward");
  EXPECT_EQ(change.edge, "edge");
  ASSERT_TRUE(decoder.Change(&change));
  EXPECT_EQ(change.op, ChangeOp::kDelete);
  EXPECT_TRUE(change.ended_version);
  EXPECT_TRUE(change.expired);
  EXPECT_TRUE(decoder.AtEnd());
}

TEST(ValueCodec, APartOfACommitComesBackAndSortsBehindIt) {
  for (const bool last : {false, true}) {
    CommitEncoder encoder(last);
    encoder.Add({ChangeOp::kTouch, false, "forward", "edge"});
    const std::string value = encoder.Take();
    CommitDecoder decoder(value);
    bool is_last = !last;
    ASSERT_TRUE(decoder.PartHeader(&is_last));
    EXPECT_EQ(is_last, last);
    StoredChange change;
    ASSERT_TRUE(decoder.Change(&change));
    EXPECT_TRUE(decoder.AtEnd());
  }
  EXPECT_LT(CommitKey(Revision(7)), CommitKey(Revision(7), 1));
  EXPECT_LT(CommitKey(Revision(7), 9), CommitKey(Revision(7), 10));
  EXPECT_LT(CommitKey(Revision(7), ~uint32_t{0}), CommitKey(Revision(8)));
  Revision revision;
  uint32_t part = 0;
  EXPECT_FALSE(DecodeCommitKey(CommitKey(Revision(7)) + std::string(4, '\0'), &revision, &part))
      << "part 0 has the shorter key alone";
}

}  // namespace
}  // namespace mandate
