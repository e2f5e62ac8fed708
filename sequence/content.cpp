#include "sequence/content.hpp"

#include <algorithm>
#include <array>

namespace talaria {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view what;
};

constexpr std::string_view extract = "an archive; extract it and give the files in it";
constexpr std::string_view decompress = "compressed in a way that is not read here; decompress it first";
constexpr std::string_view twice = "compressed data within compressed data; decompress it first";
constexpr std::string_view samtools = "an alignment file; convert it with 'samtools fasta'";
constexpr std::string_view blast =
    "a volume of a BLAST database; write it out with 'blastdbcmd -entry all'";
constexpr std::string_view program = "a program, not sequences";
constexpr std::string_view utf16 = "text in UTF-16 or UTF-32; save it as plain ASCII or UTF-8";

constexpr std::array magics{
    Magic{257, "ustar"sv, extract},
    Magic{0, "PK\x03\x04"sv, extract},
    Magic{0, "PK\x05\x06"sv, extract},
    Magic{0, "PK\x07\x08"sv, extract},
    Magic{0, "7z\xBC\xAF\x27\x1C"sv, extract},
    Magic{0, "Rar!\x1A\x07"sv, extract},
    Magic{0, "!<arch>\n"sv, extract},
    Magic{0, "\x1F\x8B"sv, twice},
    Magic{0, "\x28\xB5\x2F\xFD"sv, twice},
    Magic{0, "\xFD\x37zXZ\0"sv, twice},
    Magic{0, "BZh"sv, twice},
    Magic{0, "\x1F\x9D"sv, decompress},
    Magic{0, "\x1F\xA0"sv, decompress},
    Magic{0, "LZIP"sv, decompress},
    Magic{0, "\x04\x22\x4D\x18"sv, decompress},
    Magic{0, "\xFFsNaP"sv, decompress},
    Magic{0, "\x5D\0\0"sv, decompress},
    Magic{0, "BAM\x01"sv, samtools},
    Magic{0, "CRAM"sv, samtools},
    Magic{0, "BAI\x01"sv, "an index of an alignment file, not sequences"sv},
    Magic{0, "CSI\x01"sv, "an index of an alignment file, not sequences"sv},
    Magic{0, "TBI\x01"sv, "a tabix index, not sequences"sv},
    Magic{0, "BCF\x02"sv, "a BCF file of variants, not sequences"sv},
    Magic{0, "\x1A\x41\x27\x43"sv, "a 2bit file; convert it with 'twoBitToFa'"sv},
    Magic{0, "\x43\x27\x41\x1A"sv, "a 2bit file; convert it with 'twoBitToFa'"sv},
    Magic{0, "NCBI.sra"sv, "an SRA archive; convert it with 'fasterq-dump --fasta'"sv},
    Magic{0, "\x6D\x18\xEE\x15\x5A\xF8\x4A\x02"sv,
          "a DIAMOND database; write it out with 'diamond getseq'"sv},
    Magic{0, "\x89HDF\r\n\x1A\n"sv, "an HDF5 file, not FASTA"sv},
    Magic{0, "SQLite format 3\0"sv, "an SQLite database, not FASTA"sv},
    Magic{0, "PAR1"sv, "a Parquet file, not FASTA"sv},
    Magic{0,
          "\x7F"
          "ELF"sv,
          program},
    Magic{0, "MZ\x90\0"sv, program},
    Magic{0, "\xCF\xFA\xED\xFE"sv, program},
    Magic{0, "%PDF-"sv, "a PDF document, not FASTA"sv},
    Magic{0, "{\\rtf"sv, "an RTF document; save it as plain text"sv},
    Magic{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, "an Office document; save it as plain text"sv},
    Magic{0, "\x89PNG\r\n\x1A\n"sv, "an image, not sequences"sv},
    Magic{0, "\xFF\xD8\xFF"sv, "an image, not sequences"sv},
    Magic{0, "GIF8"sv, "an image, not sequences"sv},
    Magic{0, "\xFF\xFE"sv, utf16},
    Magic{0, "\xFE\xFF"sv, utf16},
    Magic{0, "\0\0\xFE\xFF"sv, utf16},
    Magic{0, "\xEF\xBB\xBF"sv,
          "text that begins with a byte order mark; save it without, or drop its first three bytes with "
          "'tail -c +4'"sv},
};

unsigned byte_at(std::string_view head, std::size_t i) {
  return static_cast<unsigned char>(head[i]);
}

std::uint32_t big_endian(std::string_view head, std::size_t at) {
  return byte_at(head, at) << 24 | byte_at(head, at + 1) << 16 | byte_at(head, at + 2) << 8 |
         byte_at(head, at + 3);
}

// BLAST's index volumes (.pin, .nin) begin with their version and molecule type, then the length of the
// title; from version 5 on, the number of the volume stands before that.
bool is_blast_index(std::string_view head) {
  if (head.size() < 16) return false;
  const std::uint32_t version = big_endian(head, 0);
  return (version == 4 || version == 5) && big_endian(head, 4) <= 1 && big_endian(head, 8) < 0x10000;
}

// Header volumes (.phr, .nhr) are BER-coded lists of deflines: sequences of indefinite length.
bool is_blast_headers(std::string_view head) {
  return head.substr(0, 4) == "\x30\x80\x30\x80"sv;
}

// Protein volumes (.psq) hold residues as numbers below 28, with a zero before, between and after.
bool is_blast_proteins(std::string_view head) {
  return head.size() >= 2 && head[0] == 0 && head[1] != 0 &&
         std::all_of(head.begin(), head.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 28; });
}

// The version 5 volumes that are LMDB databases (.pdb, .ndb, .pot) have its magic after a page header.
bool is_lmdb(std::string_view head) {
  return head.substr(0, 20).substr(std::min<std::size_t>(16, head.size())) == "\xDE\xC0\xEF\xBE"sv;
}

// Data of which nothing is known but that they aren't text.
bool is_binary(std::string_view head) {
  return std::any_of(head.begin(), head.end(), [](char c) {
    const auto b = static_cast<unsigned char>(c);
    return b < 0x20 && b != 1 && !(b >= 9 && b <= 13) && b != 0x1A;
  });
}

struct Beginning {
  std::string_view text;
  std::string_view what;
};

constexpr std::string_view sam = "a SAM file; convert it with 'samtools fasta'";

// The first that fits holds: longer ones stand before shorter ones.
constexpr std::array beginnings{
    Beginning{"@HD\t", sam},
    Beginning{"@SQ\t", sam},
    Beginning{"@RG\t", sam},
    Beginning{"@PG\t", sam},
    Beginning{"@CO\t", sam},
    Beginning{"@", "FASTQ; convert it with 'seqtk seq -A'"},
    Beginning{"LOCUS  ", "a GenBank flat file; FASTA is wanted"},
    Beginning{"ID   ", "an EMBL or Swiss-Prot flat file; FASTA is wanted"},
    Beginning{"##gff", "a GFF file of annotations; FASTA is wanted"},
    Beginning{"##fileformat=VCF", "a VCF file of variants; FASTA is wanted"},
    Beginning{"# STOCKHOLM", "a Stockholm alignment; FASTA is wanted"},
    Beginning{"#NEXUS", "a NEXUS file; FASTA is wanted"},
    Beginning{"CLUSTAL", "a Clustal alignment; FASTA is wanted"},
    Beginning{"HEADER    ", "a PDB structure file; FASTA is wanted"},
    Beginning{"data_", "an mmCIF file; FASTA is wanted"},
    Beginning{"TITLE ",
              "an alias file of a BLAST database; write the database out with 'blastdbcmd -entry "
              "all'"},
    Beginning{"<", "XML or HTML; FASTA is wanted (a failed download often is such a page)"},
    Beginning{"{", "JSON; FASTA is wanted"},
    Beginning{"[", "JSON; FASTA is wanted"},
};

} // namespace

std::optional<std::string> binary_content(std::string_view head) {
  head = head.substr(0, content_head);
  for (const Magic& magic : magics)
    if (head.size() >= magic.offset &&
        head.substr(magic.offset).substr(0, magic.bytes.size()) == magic.bytes)
      return std::string(magic.what);
  if (is_blast_index(head) || is_blast_headers(head) || is_blast_proteins(head) || is_lmdb(head))
    return std::string(blast);
  return std::nullopt;
}

std::string text_content(std::string_view line) {
  line = line.substr(0, content_head);
  for (const Beginning& beginning : beginnings)
    if (line.substr(0, beginning.text.size()) == beginning.text) return std::string(beginning.what);
  if (is_binary(line)) return "binary data of an unknown kind; FASTA is wanted";
  return "text, but not FASTA: a line that begins with '>' was expected";
}

} // namespace talaria
