"""What would show of each kind, and which kinds look alike: how a finding says why it is not another.

The sign is what a detector measures of a kind (docs/detectors.md). Codes are the boiler's own word and have no rivals;
`unusual` is silent where any kind with a name is told.
"""

from typing import NamedTuple


class Sign(NamedTuple):
    """What is seen where a kind is there, in both languages."""

    en: str
    zh: str


SIGNS: dict[str, Sign] = {
    "slow_leak": Sign("cold pressure that falls at all hours alike", "冷态水压各时段同样下降"),
    "burst_leak": Sign("pressure that falls by tenths of a bar within an hour", "水压一小时内骤降"),
    "relief_valve_weeping": Sign("pressure that is lost at hot peaks only", "水压只在高温高压时下降"),
    "vessel_flat": Sign("pressure that swings ever further with the water's warmth", "水压随水温的波动越来越大"),
    "filling_loop_passing": Sign("cold pressure that creeps up", "冷态水压缓慢上升"),
    "circulation_loss": Sign("flow and return ever further apart at equal power", "同功率下供回水温差越来越大"),
    "exchanger_scale": Sign("flue gas ever hotter over the water at equal load", "同负荷下排烟温度越来越高于水温"),
    "ignition_wear": Sign("ignitions that fail ever more often", "点火失败越来越多"),
    "flame_signal_decay": Sign("flame current lost at every load", "各负荷下火焰电流都下降"),
    "gas_supply_low": Sign("flame current and heat lost at high load only", "只在高负荷时火焰电流与热量下降"),
    "gas_valve_ageing": Sign("ignitions that come ever later and hardly fail", "点火越来越慢但很少失败"),
    "condensate_blocked": Sign("failures that crowd into a few hours", "点火失败集中在少数几个小时"),
    "fan_wear": Sign("a fan slower than asked for, or than it was at equal load", "风机转速低于指令或同负荷以往"),
    "flue_restricted": Sign("a fan faster than it was at equal load", "同负荷下风机转速高于以往"),
    "plate_scale": Sign("a flow ever hotter over the tap's water at equal power", "同功率下出水越来越高于生活热水"),
    "diverter_passing": Sign("a hot water side that warms while only heating runs", "仅采暖时生活热水侧也升温"),
    "ntc_drift": Sign("flow and return that differ where nothing is between them", "无换热时供回水读数不一致"),
    "ntc_failed": Sign("a temperature at its rail, or one that stands still", "温度读数到极限或不再变化"),
    "pressure_sensor_failed": Sign("a pressure that leaps, or one that stands still", "水压读数跳变或不再变化"),
    "short_cycling": Sign("ever more starts for the same heat", "同样热量下启停越来越多"),
    "frost_risk": Sign("a flow near freezing without a flame", "无火焰且出水接近冰点"),
    "silent": Sign("nothing heard of the boiler at all", "完全收不到该锅炉数据"),
    "signal_stale": Sign("one signal that stays away while others come", "个别信号缺失而其余正常"),
}

#: Kind -> those it could be taken for.
RIVALS: dict[str, tuple[str, ...]] = {
    "slow_leak": ("relief_valve_weeping", "vessel_flat", "pressure_sensor_failed"),
    "burst_leak": ("slow_leak", "pressure_sensor_failed"),
    "relief_valve_weeping": ("slow_leak", "vessel_flat", "pressure_sensor_failed"),
    "vessel_flat": ("filling_loop_passing", "slow_leak", "pressure_sensor_failed"),
    "filling_loop_passing": ("vessel_flat", "pressure_sensor_failed"),
    "circulation_loss": ("exchanger_scale", "ntc_drift", "ntc_failed"),
    "exchanger_scale": ("circulation_loss", "ntc_drift", "ntc_failed"),
    "ignition_wear": ("gas_valve_ageing", "condensate_blocked", "gas_supply_low"),
    "flame_signal_decay": ("gas_supply_low", "fan_wear", "flue_restricted"),
    "gas_supply_low": ("flame_signal_decay", "fan_wear", "flue_restricted", "plate_scale"),
    "gas_valve_ageing": ("ignition_wear", "condensate_blocked"),
    "condensate_blocked": ("ignition_wear", "flame_signal_decay", "gas_supply_low"),
    "fan_wear": ("flue_restricted",),
    "flue_restricted": ("fan_wear",),
    "plate_scale": ("diverter_passing", "gas_supply_low", "ntc_drift", "ntc_failed"),
    "diverter_passing": ("plate_scale", "gas_supply_low", "ntc_drift", "ntc_failed"),
    "ntc_drift": ("ntc_failed", "circulation_loss"),
    "ntc_failed": ("ntc_drift", "signal_stale"),
    "pressure_sensor_failed": ("slow_leak", "burst_leak"),
    "short_cycling": ("circulation_loss", "exchanger_scale", "gas_supply_low", "ntc_drift", "ntc_failed"),
    "frost_risk": ("ntc_failed", "silent"),
    "silent": ("signal_stale",),
    "signal_stale": ("silent", "ntc_failed"),
}
