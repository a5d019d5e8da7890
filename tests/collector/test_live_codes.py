"""Codes over a restart: one that went while nobody listened still goes, one that stayed is not told again."""

from pathlib import Path

from collector.codecs import Codec, Ebusd, EmsEsp, Otgw
from collector.codecs.memory import CodeMemory
from tests.dialect_samples import codes_of, deliver, read, sample

NODE = "OTGW/value/otgw-4C11AE0D1F2A"


def codecs() -> list[Codec]:
    return [EmsEsp(["ems-esp/{boiler}"], "home"), Otgw(["OTGW"], "home"), Ebusd(["ebusd/{boiler}"], "home")]


def test_a_code_that_went_while_we_were_away_goes_and_one_that_stayed_is_not_told_again(tmp_path: Path) -> None:
    before = codecs()
    memory = CodeMemory(tmp_path / "codes.json", before)
    memory.save()
    assert not (tmp_path / "codes.json").exists()
    for codec, name in zip(before, ("emsesp/v37_fault", "otgw/fault", "ebusd/fault_plain"), strict=True):
        read(codec, sample(name))
    memory.save()
    ems_esp, otgw, ebusd = after = codecs()
    CodeMemory(tmp_path / "codes.json", after)
    assert codes_of(read(ems_esp, sample("emsesp/v37_nested"))[0]) == []  # its last code still says now
    assert codes_of(read(ebusd, sample("ebusd/fault_json"))[0]) == []
    assert codes_of(read(ebusd, sample("ebusd/plain"))[0]) == [("F.28", False, "vaillant")]
    assert codes_of(deliver(otgw, [(f"{NODE}/fault", b"ON", False)])[0]) == []
    gone = deliver(otgw, [(f"{NODE}/ASF_flags", b"00000010", False), (f"{NODE}/fault", b"OFF", False)])
    assert codes_of(gone[0]) == [("ASF.2", False, "opentherm"), ("118", False, "")]


def test_a_file_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "codes.json").write_bytes(b"{torn")
    mine = codecs()
    memory = CodeMemory(tmp_path / "codes.json", mine)
    read(mine[2], sample("ebusd/fault_plain"))
    memory.save()
    assert b"F.28" in (tmp_path / "codes.json").read_bytes()
