<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">
 <renderer-v2 type="graduatedSymbol" attr="n_per_km" graduatedMethod="GraduatedColor" symbollevels="0" forceraster="0">
  <ranges>
{% for bound, colour, width in street_classes %}
   <range symbol="{{ loop.index0 }}" lower="{{ bound }}" upper="{{ 1000000 if loop.last else street_classes[loop.index][0] }}" label="{{ bound | bound }}{{ "+" if loop.last else " to " ~ (street_classes[loop.index][0] | bound) }} per km" render="true"/>
{% endfor %}
  </ranges>
  <symbols>
{% for bound, colour, width in street_classes %}
   <symbol type="line" name="{{ loop.index0 }}" alpha="0.9" clip_to_extent="1">
    <layer class="SimpleLine" enabled="1" pass="0" locked="0">
     <prop k="line_color" v="{{ colour }}"/>
     <prop k="line_width" v="{{ width / 4 }}"/>
     <prop k="line_width_unit" v="MM"/>
     <prop k="capstyle" v="round"/>
     <prop k="joinstyle" v="round"/>
    </layer>
   </symbol>
{% endfor %}
  </symbols>
 </renderer-v2>
 <labeling type="simple">
  <settings>
   <text-style fieldName="rank" isExpression="0" fontFamily="Sans Serif" fontSize="9" fontWeight="75" textColor="#7f2704">
    <text-buffer bufferDraw="1" bufferSize="1" bufferSizeUnits="MM" bufferColor="255,255,255,255"/>
   </text-style>
   <placement placement="2"/>
   <rendering obstacle="0" drawLabels="1"/>
  </settings>
 </labeling>
</qgis>
