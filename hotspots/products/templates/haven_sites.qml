<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="1">
 <renderer-v2 type="singleSymbol" symbollevels="0" forceraster="0">
  <symbols>
   <symbol type="marker" name="0" alpha="1" clip_to_extent="1">
    <layer class="SimpleMarker" enabled="1" pass="0" locked="0">
     <prop k="name" v="circle"/>
     <prop k="color" v="255,255,255,255"/>
     <prop k="outline_color" v="{{ gap }}"/>
     <prop k="outline_width" v="0.6"/>
     <prop k="size" v="4.5"/>
     <prop k="size_unit" v="MM"/>
    </layer>
   </symbol>
  </symbols>
 </renderer-v2>
 <labeling type="simple">
  <settings>
   <text-style fieldName="letter" isExpression="0" fontFamily="Sans Serif" fontSize="10" fontWeight="75" textColor="{{ gap }}"/>
   <placement placement="1" quadOffset="4"/>
   <rendering obstacle="0" drawLabels="1"/>
  </settings>
 </labeling>
</qgis>
