import pytest

from jtrader.app.services.web import main
from jtrader.domain.errors import BadInput


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "desk.example", "[::]"])
def test_the_page_is_not_served_to_other_machines(host: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JTRADER_HOME", str(tmp_path))
    monkeypatch.setenv("JTRADER_WEB_URI", f"http://{host}:8080")
    with pytest.raises(BadInput, match="loopback"):
        main()
