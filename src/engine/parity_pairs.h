// The pairs that a fast precision must rank as fp32 does: six queries in six languages, each with
// six documents, from right to wrong and across languages.
#pragma once

#include <array>
#include <string_view>

namespace podium {

struct ParityGroup {
  std::string_view query;
  std::array<std::string_view, 6> documents;
};

inline constexpr std::array<ParityGroup, 6> kParityGroups = {{
    {"How often should basil be watered?",
     {"Water potted basil every two days in summer and once a week in winter; the soil should be "
      "moist, never wet. Pour at the foot of the plant, since wet leaves turn black.",
      "Le basilic en pot s'arrose tous les deux jours, au pied, jamais sur les feuilles.",
      "Basil is an annual herb of the mint family that is native to tropical Asia.",
      "Rosmarin braucht wenig Wasser und viel Sonne.", "罗勒酱用新鲜罗勒、松子、奶酪和橄榄油做成。",
      "The train to Hamburg leaves at half past eight from platform seven."}},
    {"Wie hoch ist der Mount Everest?",
     {"Der Mount Everest ist 8848,86 Meter hoch und damit der höchste Berg der Erde.",
      "珠穆朗玛峰海拔8848.86米。",
      "Mount Everest was first climbed in 1953 by Edmund Hillary and Tenzing Norgay.",
      "Die Zugspitze ist mit 2962 Metern der höchste Berg Deutschlands.",
      "El monte Kilimanjaro es el más alto de África.",
      "Für den Kartoffelsalat werden die Kartoffeln noch warm in Brühe eingelegt."}},
    {"remove duplicates from a list but keep the order",
     {"def unique(items):\n    seen = set()\n"
      "    return [x for x in items if not (x in seen or seen.add(x))]",
      "list(dict.fromkeys(items)) drops repeated values and keeps the first of each.",
      "items.sort(key=len, reverse=True)  # longest first",
      "SELECT name, AVG(price) FROM orders GROUP BY name HAVING COUNT(*) > 3;",
      "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"string\"}}",
      "Das Paket wurde gestern zugestellt und liegt beim Nachbarn."}},
    {"南瓜的家常做法",
     {"清炒南瓜丝：嫩南瓜切丝，葱花爆香，大火快炒两分钟，加盐出锅。",
      "Stir-fried pumpkin: cut a young pumpkin into strips and fry them with spring onion for two "
      "minutes over high heat.",
      "红烧牛肉需要小火慢炖两个小时。", "カボチャの煮物は、しょうゆとみりんで甘辛く煮ます。",
      "Kürbisse werden im Oktober geerntet und halten kühl gelagert bis ins Frühjahr.",
      "北京地铁早上五点开始运营。"}},
    {"почему небо голубое",
     {"Небо кажется голубым из-за рассеяния солнечного света: короткие волны рассеиваются в "
      "атмосфере сильнее длинных, и со всех сторон к нам приходит синий свет.",
      "The sky looks blue because air scatters short wavelengths of light more than long ones.",
      "Закат окрашивает облака в красный цвет.", "Озеро Байкал — самое глубокое озеро на Земле.",
      "السماء صافية اليوم ودرجة الحرارة ثلاثون.", "Курс доллара вырос на два процента."}},
    {"ما هي فوائد الشاي الأخضر للصحة؟",
     {"يحتوي الشاي الأخضر على مضادات أكسدة تحسّن وظائف الدماغ وتقلل خطر أمراض القلب.",
      "हरी चाय में कैटेचिन होते हैं जो हृदय के लिए अच्छे माने जाते हैं।",
      "Green tea should be steeped for two to three minutes at 70 to 80 degrees.",
      "القهوة العربية تُحضّر مع الهيل.", "ชาเขียวปลูกมากในประเทศญี่ปุ่นและจีน",
      "تنطلق الحافلة إلى المطار كل عشرين دقيقة."}},
}};

}  // namespace podium
