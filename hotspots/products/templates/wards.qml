<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">
 <renderer-v2 type="graduatedSymbol" attr="density_per_km2" graduatedMethod="GraduatedColor" symbollevels="0" forceraster="0">
  <ranges>
{% for low, high, colour in classes %}
   <range symbol="{{ loop.index0 }}" lower="{{ low }}" upper="{{ high }}" label="{{ "%g" | format(low) }} - {{ "%g" | format(high) }} {{ plural }} per km²" render="true"/>
{% endfor %}
  </ranges>
  <symbols>
{% for low, high, colour in classes %}
   <symbol type="fill" name="{{ loop.index0 }}" alpha="1" clip_to_extent="1">
    <layer class="SimpleFill" enabled="1" pass="0" locked="0">
     <prop k="color" v="{{ colour }}"/>
     <prop k="style" v="solid"/>
     <prop k="outline_color" v="120,120,120,255"/>
     <prop k="outline_style" v="solid"/>
     <prop k="outline_width" v="0.2"/>
     <prop k="outline_width_unit" v="MM"/>
    </layer>
   </symbol>
{% endfor %}
  </symbols>
 </renderer-v2>
 <labeling type="simple">
  <settings>
   <text-style fieldName="ward_name" isExpression="0" fontFamily="Sans Serif" fontSize="8" textColor="40,40,40,255">
    <text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="255,255,255,220"/>
   </text-style>
   <placement placement="1" centroidInside="1"/>
   <rendering obstacle="0" drawLabels="1"/>
  </settings>
 </labeling>
</qgis>
