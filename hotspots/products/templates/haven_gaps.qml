<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">
 <renderer-v2 type="categorizedSymbol" attr="part" symbollevels="0" forceraster="0">
  <categories>
{% for label, words, is_shown in gap_parts %}
   <category symbol="{{ loop.index0 }}" value="{{ label }}" label="{{ label }}: {{ words }}" render="{{ "true" if is_shown else "false" }}"/>
{% endfor %}
  </categories>
  <symbols>
{% for label, words, is_shown in gap_parts %}
   <symbol type="fill" name="{{ loop.index0 }}" alpha="1" clip_to_extent="1">
    <layer class="SimpleFill" enabled="1" pass="0" locked="0">
     <prop k="color" v="166,63,0,60"/>
     <prop k="style" v="solid"/>
     <prop k="outline_color" v="{{ gap }}"/>
     <prop k="outline_style" v="dash"/>
     <prop k="outline_width" v="0.6"/>
     <prop k="outline_width_unit" v="MM"/>
    </layer>
   </symbol>
{% endfor %}
  </symbols>
 </renderer-v2>
 <labeling type="simple">
  <settings>
   <text-style fieldName="place_rank" isExpression="0" fontFamily="Sans Serif" fontSize="10" fontWeight="75" textColor="{{ gap }}">
    <text-buffer bufferDraw="1" bufferSize="1" bufferSizeUnits="MM" bufferColor="255,255,255,255"/>
   </text-style>
   <placement placement="1" centroidInside="1"/>
   <rendering obstacle="0" drawLabels="1"/>
  </settings>
 </labeling>
</qgis>
