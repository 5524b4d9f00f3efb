"""Energy and carbon of a fleet, rented or bought, per month and per request."""

from __future__ import annotations

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.machines import OwnedGpu, ownership
from tco.analysis.options import SelfOption
from tco.analysis.results import EnergyResult
from tco.analysis.settings import workload
from tco.engine.ownership import power_lines
from tco.engine.selfhost import Fleet


def energy_of(option: SelfOption, inputs: Inputs, servers: Fleet) -> EnergyResult | None:
    """Return what a fleet draws and what that emits; None for a GPU whose power is not known.

    The kilowatt-hours of `power_lines`, the site's overhead (PUE) included; GPUs on the invoice
    that serve nothing draw their idle power. Making the hardware is not counted.
    """
    gpu = _power_of(option, inputs)
    if gpu is None:
        return None
    bill = power_lines(servers, ownership(gpu, inputs.settings))
    kwh = sum(float(np.asarray(x.quantity)) for x in bill if x.group == "power")
    requests = float(np.asarray(workload(inputs.settings).requests_per_month))
    carbon = float(np.asarray(inputs.settings.value("energy.kg_co2_per_kwh")))
    return EnergyResult(
        kwh_per_month=kwh,
        wh_per_request=kwh * 1e3 / requests if requests > 0 else None,
        kg_co2_per_month=kwh * carbon,
        g_co2_per_request=kwh * carbon * 1e3 / requests if requests > 0 else None,
        basis="power of GPU and server by load, times PUE; grid average; hardware not counted",
    )


def _power_of(option: SelfOption, inputs: Inputs) -> OwnedGpu | None:
    if option.owned is not None:
        return option.owned
    gpu = inputs.catalog.hardware.accelerators.get(option.gpu)
    if gpu is None or gpu.tdp_w is None:
        return None
    return OwnedGpu(
        gpu_usd=0.0,
        server_usd=None,
        whole=gpu.node_gpus == 1,
        all_in_w=gpu.all_in_w,
        board_w=gpu.tdp_w,
    )
