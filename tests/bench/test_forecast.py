"""The published simulation is what the published measurements come to."""

from bench import forecast, results


def test_the_simulation_fits_the_last_results() -> None:
    """Measuring again without simulating again would leave an old answer beside new rates."""
    published = results.load("simulation")
    assert published is not None
    assert forecast.findings(forecast.measured_rates()) == published.findings, "make bench ARGS=simulation"
