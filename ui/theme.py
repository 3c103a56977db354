"""The look: warm paper, dark ink, one ember, as a Gradio theme with light and dark values."""

from gradio.themes import Base
from gradio.themes.utils import colors, fonts, sizes

# Told apart by people with colour blindness too; in this order in every chart.
CHART_COLOURS = ("#C2410C", "#0F766E", "#B58900", "#4C6A9C", "#8A3B6B", "#5B7A3A", "#57606A", "#7C5A3C", "#3D3A8C")

EMBER = colors.Color(
    name="ember",
    c50="#FDF4EE",
    c100="#FAE5D8",
    c200="#F5CBB2",
    c300="#F2AB82",
    c400="#F08A4B",
    c500="#DD6421",
    c600="#C2410C",
    c700="#A3360B",
    c800="#822D0E",
    c900="#6A2710",
    c950="#3A1206",
)
PAPER = colors.Color(
    name="paper",
    c50="#FAF7F2",
    c100="#F3EDE4",
    c200="#E7E0D6",
    c300="#D3C8BA",
    c400="#B3A799",
    c500="#8A7F72",
    c600="#6B6258",
    c700="#4A433B",
    c800="#37302A",
    c900="#211D1A",
    c950="#171412",
)
# Gradio's SemiBold files of IBM Plex hold no Latin letters, and neither does its Lora (hence ui/assets/fonts);
# a browser that looks for weight 600 takes 700.
WEIGHTS = (400, 700)
TEXT = sizes.Size(name="text_hearth", xxs="11px", xs="13px", sm="13px", md="15px", lg="18px", xl="18px", xxl="24px")


class HearthTheme(Base):
    """The tokens of the look on Gradio's variables; fonts are the ones that Gradio carries."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=EMBER,
            secondary_hue=EMBER,
            neutral_hue=PAPER,
            text_size=TEXT,
            spacing_size=sizes.spacing_md,
            radius_size=sizes.radius_lg,
            font=(fonts.LocalFont("IBM Plex Sans", WEIGHTS), "ui-sans-serif", "system-ui", "sans-serif"),
            font_mono=(fonts.LocalFont("IBM Plex Mono", WEIGHTS), "ui-monospace", "Consolas", "monospace"),
        )
        self.name = "hearth"
        self._set_page()
        self._set_blocks()
        self._set_inputs()
        self._set_buttons()

    def _set_page(self) -> None:
        self.set(
            body_background_fill="#FAF7F2",
            body_background_fill_dark="#171412",
            body_text_color="#1F1B16",
            body_text_color_dark="#F3EDE4",
            body_text_color_subdued="#6B6258",
            body_text_color_subdued_dark="#B3A799",
            background_fill_primary="#FFFFFF",
            background_fill_primary_dark="#211D1A",
            background_fill_secondary="#FAF7F2",
            background_fill_secondary_dark="#171412",
            border_color_primary="#E7E0D6",
            border_color_primary_dark="#37302A",
            border_color_accent="#C2410C",
            border_color_accent_dark="#F08A4B",
            color_accent="#C2410C",
            color_accent_soft="#FAE5D8",
            color_accent_soft_dark="#3A2A20",
            link_text_color="#A3360B",
            link_text_color_dark="#F2AB82",
            link_text_color_hover="#822D0E",
            link_text_color_hover_dark="#F5CBB2",
            link_text_color_visited="#A3360B",
            link_text_color_visited_dark="#F2AB82",
            link_text_color_active="#822D0E",
            link_text_color_active_dark="#F5CBB2",
            code_background_fill="#F3EDE4",
            code_background_fill_dark="#171412",
            loader_color="#C2410C",
            loader_color_dark="#F08A4B",
            prose_header_text_weight="600",
            chatbot_text_size="15px",
        )

    def _set_blocks(self) -> None:
        self.set(
            block_background_fill="#FFFFFF",
            block_background_fill_dark="#211D1A",
            block_border_color="#E7E0D6",
            block_border_color_dark="#37302A",
            block_border_width="1px",
            block_shadow="none",
            block_shadow_dark="none",
            block_radius="12px",
            block_padding="14px",
            block_label_background_fill="transparent",
            block_label_background_fill_dark="transparent",
            block_label_border_width="0px",
            block_label_text_color="#6B6258",
            block_label_text_color_dark="#B3A799",
            block_label_text_size="13px",
            block_label_text_weight="400",
            block_title_text_color="#6B6258",
            block_title_text_color_dark="#B3A799",
            block_title_text_size="13px",
            block_title_text_weight="400",
            block_info_text_color="#6B6258",
            block_info_text_color_dark="#B3A799",
            panel_background_fill="transparent",
            panel_background_fill_dark="transparent",
            panel_border_width="0px",
            layout_gap="14px",
            form_gap_width="0px",
            table_border_color="#E7E0D6",
            table_border_color_dark="#37302A",
            table_even_background_fill="#FFFFFF",
            table_even_background_fill_dark="#211D1A",
            table_odd_background_fill="#FAF7F2",
            table_odd_background_fill_dark="#1C1815",
            error_background_fill="#FDF4EE",
            error_background_fill_dark="#2A1D16",
        )

    def _set_inputs(self) -> None:
        self.set(
            input_background_fill="#FFFFFF",
            input_background_fill_dark="#1C1815",
            input_background_fill_focus="#FFFFFF",
            input_background_fill_focus_dark="#1C1815",
            # 3:1 against the surface: a control's edge must be seen without its fill.
            input_border_color="#8F8578",
            input_border_color_dark="#7A6F64",
            input_border_color_hover="#6B6258",
            input_border_color_hover_dark="#B3A799",
            input_border_color_focus="#C2410C",
            input_border_color_focus_dark="#F08A4B",
            input_border_width="1px",
            input_radius="10px",
            input_shadow="none",
            input_shadow_focus="none",
            input_placeholder_color="#6B6258",
            input_placeholder_color_dark="#B3A799",
            input_text_size="15px",
            slider_color="#C2410C",
            slider_color_dark="#F08A4B",
            checkbox_background_color_selected="#C2410C",
            checkbox_background_color_selected_dark="#C2410C",
            checkbox_border_color="#8F8578",
            checkbox_border_color_dark="#7A6F64",
            checkbox_border_color_focus="#C2410C",
            checkbox_border_color_focus_dark="#F08A4B",
            checkbox_label_background_fill="transparent",
            checkbox_label_background_fill_dark="transparent",
            checkbox_label_background_fill_selected="#FAE5D8",
            checkbox_label_background_fill_selected_dark="#3A2A20",
            checkbox_label_text_color_selected="#1F1B16",
            checkbox_label_text_color_selected_dark="#F3EDE4",
        )

    def _set_buttons(self) -> None:
        self.set(
            button_border_width="1px",
            button_large_radius="10px",
            button_medium_radius="10px",
            button_small_radius="8px",
            button_large_text_size="15px",
            button_medium_text_size="15px",
            button_small_text_size="13px",
            button_large_text_weight="600",
            button_medium_text_weight="600",
            button_small_text_weight="400",
            button_transform_hover="none",
            button_transform_active="none",
            button_primary_background_fill="#C2410C",
            button_primary_background_fill_dark="#F08A4B",
            button_primary_background_fill_hover="#A3360B",
            button_primary_background_fill_hover_dark="#F2AB82",
            button_primary_border_color="#C2410C",
            button_primary_border_color_dark="#F08A4B",
            button_primary_text_color="#FFFFFF",
            button_primary_text_color_dark="#1F1208",
            button_secondary_background_fill="#FFFFFF",
            button_secondary_background_fill_dark="#2A2420",
            button_secondary_background_fill_hover="#F3EDE4",
            button_secondary_background_fill_hover_dark="#37302A",
            button_secondary_border_color="#D3C8BA",
            button_secondary_border_color_dark="#4A433B",
            button_secondary_border_color_hover="#8F8578",
            button_secondary_border_color_hover_dark="#7A6F64",
            button_secondary_text_color="#1F1B16",
            button_secondary_text_color_dark="#F3EDE4",
            button_cancel_background_fill="#FFFFFF",
            button_cancel_background_fill_dark="#2A2420",
            button_cancel_background_fill_hover="#FDF4EE",
            button_cancel_background_fill_hover_dark="#37302A",
            button_cancel_border_color="#C2410C",
            button_cancel_border_color_dark="#F08A4B",
            button_cancel_text_color="#A3360B",
            button_cancel_text_color_dark="#F2AB82",
        )
