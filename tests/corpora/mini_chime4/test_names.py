from espnet_kd.corpora.mini_chime4.names import folder_of, name_of


def test_names():
    item = {"speaker": "F01", "wsj_name": "050C0101", "environment": "BUS"}
    assert name_of(item) == "F01_050C0101_BUS"


def test_folders():
    assert folder_of("dt05_real", "BUS") == "dt05_bus_real"
    assert folder_of("dt05_bth", "BTH") == "dt05_bth"
    assert folder_of("tr05_org", "ORG") == "tr05_org"
